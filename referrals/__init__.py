"""The case and its law: what is told, who agreed to share it, who holds a key, who acts."""
