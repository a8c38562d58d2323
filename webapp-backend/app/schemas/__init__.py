"""The API's answers, a module a resource. Fields are only ever added."""
