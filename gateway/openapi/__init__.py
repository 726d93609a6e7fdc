"""The description of the API as an OpenAPI 3.1 document, made from what the calls themselves are made of."""
