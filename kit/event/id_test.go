package event

import (
	"strings"
	"testing"
)

func TestIDOfEventAndDraft(t *testing.T) {
	e, err := NewSigner(testKey).Sign([]byte(draft))
	if err != nil {
		t.Fatal(err)
	}
	unsigned := strings.Replace(e.Text, e.ID, "evt-other", 1)
	for name, text := range map[string]string{
		"the event": e.Text, "with another id": unsigned,
		"without value": e.Text[:e.valueCut[0]] + e.Text[e.valueCut[1]:],
		"without id":    e.Text[:e.idCut[0]] + e.Text[e.idCut[1]:],
	} {
		if id, err := ID([]byte(text)); err != nil || id != e.ID {
			t.Errorf("%s: %s, %v", name, id, err)
		}
	}
	if id, err := ID([]byte(`{"event_id":"evt-001"}`)); id != "evt-001" || err != nil {
		t.Errorf("v0: %s, %v", id, err)
	}
	for _, text := range []string{`{}`, `[]`, `{"signature":3}`, `{"event_id":"a b"}`} {
		if id, err := ID([]byte(text)); err == nil {
			t.Errorf("%s has the id %s", text, id)
		}
	}
}
