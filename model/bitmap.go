package model

import (
	"fmt"
	"math/bits"
)

// wordBits is how many members a word of a bitmap holds.
const wordBits = 64

// bitmap is a set of the integers 0 … 64·len-1, a bit each.
type bitmap []uint64

func newBitmap(size int) bitmap {
	return make(bitmap, (size+wordBits-1)/wordBits)
}

// span is the place of the integers lo … lo+width-1 in a bitmap. They must lie
// in one word, which aligned powers of two up to 64 do.
func span(lo, width int) (word int, mask uint64) {
	return lo / wordBits, (uint64(1)<<width - 1) << (lo % wordBits)
}

func (b bitmap) has(i int) bool {
	return b[i/wordBits]>>(i%wordBits)&1 != 0
}

// add puts in the members of mask, none of which may be there.
func (b bitmap) add(word int, mask uint64) {
	if b[word]&mask != 0 {
		panic(fmt.Sprintf("bitmap: word %d is %#x, adding %#x: a member is there already", word, b[word], mask))
	}
	b[word] |= mask
}

// remove takes out the members of mask, all of which must be there.
func (b bitmap) remove(word int, mask uint64) {
	if b[word]&mask != mask {
		panic(fmt.Sprintf("bitmap: word %d is %#x, removing %#x: a member is missing", word, b[word], mask))
	}
	b[word] &^= mask
}

// within counts the members from lo up to, not including, hi.
func (b bitmap) within(lo, hi int) int {
	if lo >= hi {
		return 0
	}
	first, last := lo/wordBits, (hi-1)/wordBits
	fromLo := ^uint64(0) << (lo % wordBits)
	upToHi := ^uint64(0) >> (wordBits - 1 - (hi-1)%wordBits)
	if first == last {
		return bits.OnesCount64(b[first] & fromLo & upToHi)
	}
	n := bits.OnesCount64(b[first]&fromLo) + bits.OnesCount64(b[last]&upToHi)
	for _, w := range b[first+1 : last] {
		n += bits.OnesCount64(w)
	}
	return n
}

// longestRun returns the length of the longest run of consecutive members. It
// reads every word: about 1,000 of them for a /16.
func (b bitmap) longestRun() int {
	longest, current := 0, 0 // current: the run that reaches the word's low end
	for _, w := range b {
		if w == ^uint64(0) {
			current += wordBits
			continue
		}
		longest = max(longest, current+bits.TrailingZeros64(^w))
		if bits.OnesCount64(w) > longest {
			longest = max(longest, longestRunInWord(w))
		}
		current = bits.LeadingZeros64(^w)
	}
	return max(longest, current)
}

// longestRunInWord shortens every run by one until none is left.
func longestRunInWord(w uint64) int {
	n := 0
	for ; w != 0; n++ {
		w &= w << 1
	}
	return n
}

// groupWords is how many words of a ranked set share a count. The k-th member
// of a full /16 is found in at most 32 counts and 32 words; much smaller or
// larger groups make one of the two searches long.
const groupWords = 32

// ranked is a bitmap that finds its k-th smallest member without reading all
// of it, and knows its size.
//
//	counts   1 per 32 words    [ 1900      | 2048      | …
//	members  64 per word       [w0 w1 … w31|w32 … w63  | …
type ranked struct {
	members bitmap
	counts  []int32
	n       int
}

func newRanked(size int) ranked {
	members := newBitmap(size)
	return ranked{
		members: members,
		counts:  make([]int32, (len(members)+groupWords-1)/groupWords),
	}
}

func (r *ranked) add(word int, mask uint64) {
	r.members.add(word, mask)
	n := bits.OnesCount64(mask)
	r.counts[word/groupWords] += int32(n)
	r.n += n
}

func (r *ranked) remove(word int, mask uint64) {
	r.members.remove(word, mask)
	n := bits.OnesCount64(mask)
	r.counts[word/groupWords] -= int32(n)
	r.n -= n
}

// nth returns the k-th smallest member, counting from 0. Fewer than k+1
// members are a defect of the caller.
func (r *ranked) nth(k int) int {
	if k < 0 || k >= r.n {
		panic(fmt.Sprintf("ranked set: member %d of %d", k, r.n))
	}
	left, group := int32(k), 0
	for left >= r.counts[group] {
		left -= r.counts[group]
		group++
	}
	rest, word := int(left), group*groupWords
	for {
		n := bits.OnesCount64(r.members[word])
		if rest < n {
			return word*wordBits + nthBit(r.members[word], rest)
		}
		rest -= n
		word++
	}
}

// nthBit returns the position of the k-th lowest set bit, counting from 0, by
// halving: is it in the low half, or beyond?
func nthBit(w uint64, k int) int {
	at := 0
	for half := wordBits / 2; half > 0; half /= 2 {
		low := w & (uint64(1)<<half - 1)
		if n := bits.OnesCount64(low); k >= n {
			k -= n
			at += half
			w >>= half
		} else {
			w = low
		}
	}
	return at
}
