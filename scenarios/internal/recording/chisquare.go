package recording

import "math"

// ChiSquareTail returns the probability that a chi-square variable with that
// many degrees of freedom is at least x: the regularised incomplete gamma
// function Q(freedom/2, x/2).
func ChiSquareTail(x float64, freedom int) float64 {
	if x <= 0 {
		return 1
	}
	a, half := float64(freedom)/2, x/2
	logGamma, _ := math.Lgamma(a)
	scale := math.Exp(a*math.Log(half) - half - logGamma)
	if half < a+1 {
		return 1 - scale*lowerSeries(a, half)
	}
	return scale * upperFraction(a, half)
}

// maxTerms is far above what either expansion needs for the sizes met in
// tests; reaching it is a defect.
const maxTerms = 10_000

// lowerSeries is the sum of x^n / (a (a+1) … (a+n)), which converges fast for
// x < a+1.
func lowerSeries(a, x float64) float64 {
	term := 1 / a
	sum := term
	for n := 1; n < maxTerms; n++ {
		term *= x / (a + float64(n))
		sum += term
		if term < sum*1e-15 {
			return sum
		}
	}
	panic("the series of the incomplete gamma function does not converge")
}

// upperFraction is the continued fraction 1/(x+1-a- 1(1-a)/(x+3-a- …)), which
// converges fast for x >= a+1. It is evaluated from the front, each step as the
// ratio of two convergents.
func upperFraction(a, x float64) float64 {
	const tiny = 1e-300 // stands in for a zero denominator
	b := x + 1 - a
	c, d := 1/tiny, 1/b
	value := d
	for n := 1; n < maxTerms; n++ {
		k := -float64(n) * (float64(n) - a)
		b += 2
		d = 1 / nonZero(b+k*d, tiny)
		c = nonZero(b+k/c, tiny)
		step := c * d
		value *= step
		if math.Abs(step-1) < 1e-15 {
			return value
		}
	}
	panic("the continued fraction of the incomplete gamma function does not converge")
}

func nonZero(x, tiny float64) float64 {
	if math.Abs(x) < tiny {
		return tiny
	}
	return x
}
