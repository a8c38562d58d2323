"""What a file says of itself: metadata, signed credentials, and whether it calls itself generated.

All of it can be taken away or made up, but for a signature that holds.
"""
