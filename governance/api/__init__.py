"""What every door of the API shares: who comes in, how far a token reaches, pages, repeats, and what is refused."""
