"""The peer: what somebody would write who takes Strawberry and Beanie and follows their documentation.

What it is:

* Strawberry types with resolvers, `strawberry.asgi.GraphQL` on a Starlette route, relations through
  `strawberry.dataloader.DataLoader`, who is signed in from a bearer token (a JWT, by pyjwt) in `get_context`, a
  permission class where somebody must be, as https://strawberry.rocks/docs shows.
* Beanie documents, read with `get`, `find_one` and `find(...).to_list()` and written with `insert(session=...)`, as
  https://beanie-odm.dev shows. Relations are ids, as in ours: the stored documents are the same, field by field.
* uvicorn as `pip install uvicorn` gives it: asyncio's loop, h11, its access log (into a file); one process.
* Everything at default settings: nothing is tuned, nothing is slowed down. Indexes stand under every query.

What it shares with ours: the rules of `traya_gql.domain` (questionnaire, assessment, safety gates, kits, checks of what
was typed, prices, texts), because a backend has its rules whatever it is built with; the queries; the mongod, in a
database of its own.

What it does as ours: the same answers; a hair test, and an order, is written in one snapshot transaction with
`w=majority`; a repeat with the same idempotency key answers with what the first one made; what is made by somebody
signed in is theirs, and `viewer` shows them their orders. Whoever has a report's link alone sees and can order the kit
that suits everybody; its person, or who has its token, the whole report and kit.

A photo that comes with a request is read into memory, as Strawberry's page on file uploads shows, written into a folder
in one go, and noted by one insert. Ours takes it piece by piece, has the disk confirm it, and writes two transactions;
the second also schedules the job that looks at the photo. The peer looks at no photo.

What it does not: it does not notice another input under a used key; it keeps no limits (depth, size, time, how often);
it masks no errors and logs no operations; a token that it signed is good until it ends, as nothing can be revoked; it
has no sign-in, no roles, no drafts, clearances or audit, no Hindi, no `questionnaire`, `node`, `order`, offers,
filters, search, health or GraphiQL from its own files. Each of these costs ours something and the peer nothing. Times
are written as Strawberry does: the same instants as ours, in another form.
"""
