"use strict";

(() => {
  const root = document.getElementById("graphiql");
  const { endpoint, defaultQuery } = JSON.parse(document.getElementById("options").textContent);

  if (!window.React || !window.ReactDOM || !window.GraphiQL) {
    root.firstElementChild.textContent = "GraphiQL did not load: a file of this page is missing. Reload the page.";
    return;
  }

  const graphiql = React.createElement(
    GraphiQL,
    {
      fetcher: GraphiQL.createFetcher({
        url: endpoint,
        headers: { accept: "application/graphql-response+json, application/json" },
      }),
      defaultQuery,
      isHeadersEditorEnabled: true,
      // Other GraphQL servers are developed on the same origin: their tabs stay theirs.
      storage: GraphiQL.createLocalStorage({ namespace: "traya-gql" }),
      // Lets the explorer show the graph's own description and deprecated arguments.
      schemaDescription: true,
      inputValueDeprecation: true,
    },
    React.createElement(GraphiQL.Logo, null, "traya-gql"),
  );
  ReactDOM.createRoot(root).render(graphiql);
})();
