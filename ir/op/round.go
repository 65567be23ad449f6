package op

import "math"

// Floor is the greatest integer that is not above x.
var Floor = floatFunc("floor", "Floor", math.Floor)

// Ceil is the least integer that is not below x.
var Ceil = floatFunc("ceil", "Ceil", math.Ceil)

// Round is the integer nearest to x; of two it is the even one.
var Round = floatFunc("round", "Round", math.RoundToEven)
