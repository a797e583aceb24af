"""`python -m traya_gql` is `traya-gql`."""

from traya_gql.cli import app

if __name__ == "__main__":
    app()
