package model

// Pick draws an index from 0 … n-1, n being at least 1. It is how a choice
// that the real system makes by chance reaches the model, which draws nothing
// itself. A nil Pick means the deterministic policy of the function that takes
// it: the lowest address, the lowest device.
type Pick func(n int) int
