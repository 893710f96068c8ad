"""What an object does to the answer: it is taken away, or put in, beside a fair control."""
