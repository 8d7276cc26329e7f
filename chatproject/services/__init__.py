"""What the project itself writes: backups and their way back."""
