"""`python -m tallystick.cli` is the program `tallystick`."""

from tallystick.cli import main

main()
