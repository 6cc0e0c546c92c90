//! What keys do to the state, told as a script.
