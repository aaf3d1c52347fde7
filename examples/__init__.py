"""Sample newspapers of our own writing, a server for them, and the demo that reads them."""
