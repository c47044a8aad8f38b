package event

// Refusal says why something was not taken: the rule that it breaks, the field that breaks it, and in Message, for a
// person, what to do. It is the error type of everything that judges events.
type Refusal struct {
	// Rule is a class of SPEC.md (size, utf8, syntax, …) or, from package scope, the name of a scope rule.
	Rule string `json:"rule"`
	// Field is the path of the member at fault, as transform.position[0]; "" for the event as a whole.
	Field string `json:"field,omitempty"`
	// File is the scope file that set the rule, or built-in; "" for rules of the envelope.
	File string `json:"file,omitempty"`
	// Message is one lower-case sentence.
	Message string `json:"message"`
}

func (r *Refusal) Error() string {
	s := r.Rule + ": "
	if r.Field != "" {
		s += r.Field + ": "
	}
	s += r.Message
	if r.File != "" {
		s += " (set by " + r.File + ")"
	}
	return s
}

func refuse(rule, field, message string) *Refusal {
	return &Refusal{Rule: rule, Field: field, Message: message}
}
