"""Charts drawn by matplotlib in one house style, a module for each; only this package knows matplotlib."""
