"""The effect of an object on the answer: it is taken away, or put in, and compared with a fair control."""
