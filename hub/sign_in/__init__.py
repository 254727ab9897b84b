"""The way in: the sign-in page, second factors, sessions and the providers that people may sign in through.

django-allauth does the steps; here are our words, our rules and our audit entries.
"""
