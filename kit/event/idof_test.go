package event

import "testing"

func TestIDOf(t *testing.T) {
	e, err := NewSigner(testKey).Sign([]byte(draft))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		e.Text:                              e.ID,
		`{"event_id":"evt-001"}`:            "evt-001",
		`{"a":"\"event_id\":\"no\"","b":1}`: "",
		`{"a":{"event_id":"no"},"f":"x"}`:   "",
		`{"a":[{"event_id":"no"}],"event_id":"yes","z":{"event_id":"no"}}`: "yes",
		`{"event_id":5}`: "",
		`{}`:             "",
		``:               "",
		`{`:              "",
	} {
		if got := IDOf(text); got != want {
			t.Errorf("%q has the id %q, want %q", text, got, want)
		}
	}
}
