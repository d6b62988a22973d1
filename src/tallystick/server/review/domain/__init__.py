"""The answers people give, one function each; the web, the API and the command line call the same."""
