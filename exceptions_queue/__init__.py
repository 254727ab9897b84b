"""What people must do: work items, their causes, remedies and history."""
