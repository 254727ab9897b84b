"""The demonstration firm Halden & Partner, all made up: people, customers, projects, months of time, and troubles."""
