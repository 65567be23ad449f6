package kern

// Operands returns how many operands an instruction has.
func (o Op) Operands() int { return o.operands() }
