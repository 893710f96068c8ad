"""Series along time: filtering, linear decoders that leave a run out, labels moved along time."""
