"""What happens because of facts: each follower has its bookmark and may be replayed."""
