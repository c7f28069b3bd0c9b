"""`python -m api.commands`: the `samleng` command without its script."""

from api.commands import main

main()
