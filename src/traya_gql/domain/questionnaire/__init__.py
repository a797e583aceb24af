"""The questionnaire as data: `questionnaire.toml` holds what is asked, `checks` reads what was answered."""
