"""What the people who run a deployment do with it: look it over, keep it, bring it back."""
