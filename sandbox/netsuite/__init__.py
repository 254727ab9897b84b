"""NetSuite's SuiteTalk REST with memory: records, SuiteQL, token-based and certificate logins, and their refusals."""
