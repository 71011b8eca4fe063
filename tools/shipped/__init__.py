"""What a shipped model reaches on recordings that no training heard."""
