package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"fieldkit/kit/coordinator"
	"fieldkit/kit/event"
)

// photo is a JPEG of noise, of about w·h bytes.
func photo(t testing.TB, seed, w, h int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = byte((i + seed) * (i + seed) >> 6)
	}
	m.Set(0, 0, color.White)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func object(data []byte) string { return "/objects/sha256/" + hashOf(data) }

func mediaOf(data []byte, kind string) fields {
	return fields{"hash": "sha256:" + hashOf(data), "type": kind, "size": len(data)}
}

// attach makes a thing with a file, by one person, and hands both events in.
func (k *kit) attach(data []byte, kind string, over fields) (node, named *event.Event) {
	k.t.Helper()
	node = sign(k.t, key(1), fields{"properties": fields{"title": "Road under water", "n": hashOf(data)[:8]}})
	all := fields{"operation": "set_media", "node_id": node.ID, "media": mediaOf(data, kind), "previous_events": []string{node.ID}, "timestamp": start + 1}
	for name, value := range over {
		all[name] = value
	}
	named = sign(k.t, key(1), all)
	k.take(node, named)
	return node, named
}

// state is what the kit says of a file.
func (k *kit) media(data []byte) (m mediaAnswer) {
	k.t.Helper()
	var out struct{ Media []mediaAnswer }
	k.read("/api/v1/media?hash=sha256:"+hashOf(data), &out)
	return out.Media[0]
}

func patch(offset int, more ...string) http.Header {
	h := http.Header{uploadOffset: {strconv.Itoa(offset)}, "Content-Type": {"application/partial-upload"}}
	for i := 0; i+1 < len(more); i += 2 {
		h.Set(more[i], more[i+1])
	}
	return h
}

func (r reply) expect(t testing.TB, status int, offset string) {
	t.Helper()
	if r.StatusCode != status || r.Header.Get(uploadOffset) != offset {
		t.Fatalf("want %d and %q, got %s", status, offset, r)
	}
}

func TestMediaAreTakenInPieces(t *testing.T) {
	k := newKit(t, Config{})
	data := photo(t, 1, 900, 700)
	path := object(data)
	// No event names it: nothing is taken.
	k.do(http.MethodPut, path, nil, bytes.NewReader(data)).expect(t, http.StatusNotFound, "")
	if got := k.media(data); got.State != unknownMedia {
		t.Errorf("%+v", got)
	}
	k.attach(data, "image/jpeg", fields{"actor_id": "user:anna"})
	absent := k.get(path)
	absent.expect(t, http.StatusNotFound, "0")
	var problem absentProblem
	if err := json.Unmarshal(absent.body, &problem); err != nil || problem.Media != absentMedia || len(problem.Who) != 1 ||
		problem.Who[0] != (coordinator.Holder{Actor: "user:anna", Key: public(key(1)), Claimed: true}) {
		t.Errorf("%v: %s", err, absent)
	}
	k.do(http.MethodPatch, path, nil, bytes.NewReader(data)).expect(t, http.StatusBadRequest, "")
	k.do(http.MethodPatch, path, patch(5), bytes.NewReader(data[5:])).expect(t, http.StatusConflict, "0")
	k.do(http.MethodPatch, path, patch(0), bytes.NewReader(data[:100_000])).expect(t, http.StatusNoContent, "100000")
	k.do(http.MethodHead, path, nil, nil).expect(t, http.StatusNotFound, "100000")
	if got := k.media(data); got.State != incomingMedia || got.Offset != 100_000 || got.Size != int64(len(data)) {
		t.Errorf("%+v", got)
	}
	k.close()
	k.open(Config{}) // as after a restart
	k.do(http.MethodPatch, path, patch(100_000, "Origin", "http://elsewhere.example"), bytes.NewReader(data[100_000:])).expect(t, http.StatusForbidden, "")
	k.do(http.MethodPatch, path, patch(100_000, "Content-Encoding", "gzip"), bytes.NewReader(data[100_000:])).expect(t, http.StatusUnsupportedMediaType, "")
	k.do(http.MethodPatch, path, patch(100_000), bytes.NewReader(append(data[100_000:len(data):len(data)], 'x'))).expect(t, http.StatusRequestEntityTooLarge, "")
	done := k.do(http.MethodPatch, path, patch(100_000), bytes.NewReader(data[100_000:]))
	done.expect(t, http.StatusCreated, strconv.Itoa(len(data)))
	if done.Header.Get(uploadComplete) != "?1" {
		t.Error(done)
	}
	k.do(http.MethodPut, path, nil, bytes.NewReader(data)).expect(t, http.StatusNoContent, strconv.Itoa(len(data)))

	got := k.get(path)
	if got.StatusCode != http.StatusOK || !bytes.Equal(got.body, data) {
		t.Fatal(got.Status, len(got.body))
	}
	for name, want := range map[string]string{
		"Content-Type": "image/jpeg", "Cache-Control": "public, max-age=31536000, immutable", "Etag": `"` + hashOf(data) + `"`,
		"X-Content-Type-Options": "nosniff", "Content-Disposition": "", "Accept-Ranges": "bytes", "Content-Security-Policy": objectPolicy,
	} {
		if got.Header.Get(name) != want {
			t.Errorf("%s is %q, not %q", name, got.Header.Get(name), want)
		}
	}
	part := k.do(http.MethodGet, path, http.Header{"Range": {"bytes=10-19"}}, nil)
	if part.StatusCode != http.StatusPartialContent || !bytes.Equal(part.body, data[10:20]) {
		t.Error(part)
	}
	if same := k.do(http.MethodGet, path, http.Header{"If-None-Match": {`"` + hashOf(data) + `"`}}, nil); same.StatusCode != http.StatusNotModified {
		t.Error(same)
	}
	if other := k.do(http.MethodPost, path, nil, nil); other.StatusCode != http.StatusMethodNotAllowed || other.Header.Get("Allow") != "GET, HEAD, OPTIONS, PATCH, PUT" {
		t.Error(other)
	}
}

func TestMediaThatAreNotTaken(t *testing.T) {
	k := newKit(t, Config{})
	svg := []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)
	k.attach(svg, "image/svg+xml", nil)
	k.do(http.MethodPut, object(svg), nil, bytes.NewReader(svg)).expect(t, http.StatusUnsupportedMediaType, "")
	page := []byte(`<!doctype html><script>alert(1)</script>`)
	k.attach(page, "image/png", nil)
	k.do(http.MethodPut, object(page), nil, bytes.NewReader(page)).expect(t, http.StatusUnsupportedMediaType, "0")
	data := photo(t, 2, 300, 300)
	k.attach(data, "image/jpeg", nil)
	wrong := bytes.Clone(data)
	wrong[len(wrong)-3]++
	k.do(http.MethodPut, object(data), nil, bytes.NewReader(wrong)).expect(t, http.StatusUnprocessableEntity, "0")
	k.do(http.MethodPut, object(data), nil, bytes.NewReader(data[1:])).expect(t, http.StatusUnprocessableEntity, "")
	k.do(http.MethodPut, object(data), http.Header{"Content-Range": {"bytes 0-1/2"}}, bytes.NewReader(data)).expect(t, http.StatusBadRequest, "")
	if got := k.media(data); got.State != absentMedia {
		t.Errorf("%+v", got)
	}
	// Two gigabytes, said and sent.
	huge := sha256.Sum256([]byte("huge"))
	node := sign(t, key(1), fields{})
	k.take(node, sign(t, key(1), fields{"operation": "set_media", "node_id": node.ID, "previous_events": []string{node.ID}, "timestamp": start + 1,
		"media": fields{"hash": "sha256:" + hex.EncodeToString(huge[:]), "type": "image/jpeg", "size": 2 << 30}}))
	k.do(http.MethodPut, "/objects/sha256/"+hex.EncodeToString(huge[:]), nil, &zeros{left: 2 << 30}).expect(t, http.StatusRequestEntityTooLarge, "")
	for _, path := range []string{"/objects/sha256/abc", "/objects/sha256/" + strings.ToUpper(hashOf(data)), "/objects/", "/objects/sha256/" + hashOf(data) + "/x"} {
		if got := k.get(path); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, got)
		}
	}
	for _, query := range []string{"?hash=x", "?hush=1", "?hash=" + strings.Repeat(hashOf(data)+"&hash=", 64) + hashOf(data)} {
		if got := k.get("/api/v1/media" + query); got.StatusCode != http.StatusBadRequest {
			t.Errorf("%.40s: %s", query, got)
		}
	}
	if got := k.get("/api/v1/media"); got.StatusCode != http.StatusForbidden {
		t.Error(got)
	}
}

// zeros gives as many zeros as are left.
type zeros struct{ left int }

func (r *zeros) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), r.left)
	r.left -= n
	return n, nil
}

// derived waits until the thing's photo has what is made of it.
func (k *kit) derived(node string) (f featureOf) {
	k.t.Helper()
	for range 400 {
		var out struct{ Feature featureOf }
		k.read("/api/v1/spaces/camp/nodes/"+node, &out)
		if out.Feature.Properties.Media["photo"].Preview.Hash != "" {
			return out.Feature
		}
		time.Sleep(10 * time.Millisecond)
	}
	k.t.Fatal("no preview was made")
	return f
}

type fileOf struct {
	Hash, Type string
	Size       int
}

type featureOf struct {
	Properties struct {
		Changed int
		Media   map[string]struct {
			fileOf
			Thumbnail, Preview fileOf
		}
		Claims []any
		Others map[string]any
	}
}

func TestPicturesAreMadeSmaller(t *testing.T) {
	k := newKit(t, Config{})
	data := photo(t, 3, 1600, 1200)
	node, named := k.attach(data, "image/jpeg", nil)
	k.do(http.MethodPut, object(data), nil, bytes.NewReader(data)).expect(t, http.StatusCreated, strconv.Itoa(len(data)))
	f := k.derived(node.ID)
	p := f.Properties
	if p.Changed != start+1 || len(p.Claims) != 0 || len(p.Others) != 0 || len(p.Media) != 1 {
		t.Errorf("%+v", p)
	}
	for side, one := range map[int]fileOf{256: p.Media["photo"].Thumbnail, 1280: p.Media["photo"].Preview} {
		got := k.get("/objects/sha256/" + strings.TrimPrefix(one.Hash, "sha256:"))
		m, err := jpeg.Decode(bytes.NewReader(got.body))
		if err != nil || m.Bounds().Dx() != side || got.Header.Get("Content-Type") != "image/jpeg" || len(got.body) != one.Size {
			t.Errorf("%v, %s", err, got.Status)
		}
	}
	if got := k.media(data); got.State != hereMedia || got.Thumbnail == nil || got.Thumbnail.Name != p.Media["photo"].Thumbnail.Hash {
		t.Errorf("%+v", got)
	}
	// The kit says so in events of its own, of the time of the one that they follow from.
	statements := 0
	for line := range strings.Lines(string(k.get("/api/v1/events?space=camp").body)) {
		e, err := event.Parse([]byte(strings.TrimSpace(line)))
		if err != nil {
			t.Fatal(err)
		}
		if e.Scope.Authority != "derived" {
			continue
		}
		statements++
		if e.Key != k.c.Key() || e.Timestamp != named.Timestamp || len(e.Previous) != 1 || e.Previous[0] != named.ID || e.Tile != named.Tile ||
			!strings.HasSuffix(e.Slot, ":"+hashOf(data)[:16]) {
			t.Errorf("%s", line)
		}
	}
	cursor := k.c.Cursor()
	if statements != 2 {
		t.Errorf("%d statements", statements)
	}
	// Another thing with the same photo, named when the bytes are here; and nothing new after a restart.
	other := sign(t, key(2), fields{"timestamp": start + 5})
	k.take(other, sign(t, key(2), fields{"operation": "set_media", "node_id": other.ID, "media": mediaOf(data, "image/jpeg"), "previous_events": []string{other.ID}, "timestamp": start + 6}))
	if again := k.derived(other.ID); again.Properties.Media["photo"].Preview != p.Media["photo"].Preview {
		t.Errorf("%+v", again)
	}
	if got := k.c.Cursor(); got != cursor+4 {
		t.Errorf("%d events more, want 4", got-cursor)
	}
	k.close()
	k.open(Config{})
	late := photo(t, 4, 400, 300)
	lateNode, _ := k.attach(late, "image/jpeg", nil)
	k.do(http.MethodPut, object(late), nil, bytes.NewReader(late)).expect(t, http.StatusCreated, strconv.Itoa(len(late)))
	k.derived(lateNode.ID)
	if got := k.c.Cursor(); got != cursor+8 {
		t.Errorf("%d events more, want 8", got-cursor)
	}
}

func TestPicturesThatRulesLeaveAlone(t *testing.T) {
	k := newKit(t, Config{})
	folder := filepath.Join(k.data, "spaces", "camp")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, ".ulp-root"), []byte("authority = \"source\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	data := photo(t, 5, 600, 400)
	node, _ := k.attach(data, "image/jpeg", nil)
	broken := append([]byte("\xff\xd8\xff\xe0"), make([]byte, 500)...)
	k.attach(broken, "image/jpeg", nil)
	for _, one := range [][]byte{broken, data} {
		k.do(http.MethodPut, object(one), nil, bytes.NewReader(one)).expect(t, http.StatusCreated, strconv.Itoa(len(one)))
	}
	for range 400 {
		if k.media(data).Preview != nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if got := k.media(data); got.Preview == nil {
		t.Fatalf("%+v", got)
	}
	if got := k.get("/objects/sha256/" + strings.TrimPrefix(k.media(data).Preview.Name, "sha256:")); got.StatusCode != http.StatusOK {
		t.Error(got.Status)
	}
	var out struct{ Feature featureOf }
	k.read("/api/v1/spaces/camp/nodes/"+node.ID, &out)
	if out.Feature.Properties.Media["photo"].Preview.Hash != "" || k.c.Cursor() != 4 {
		t.Errorf("%+v, %d events", out, k.c.Cursor())
	}
}

func TestPrivateMedia(t *testing.T) {
	k := newKit(t, Config{})
	data := photo(t, 6, 600, 400)
	k.attach(data, "image/jpeg", fields{"scope": fields{"realm": "team", "authority": "source", "boundary": "interior", "policy": "private"}})
	k.do(http.MethodPut, object(data), nil, bytes.NewReader(data)).expect(t, http.StatusCreated, strconv.Itoa(len(data)))
	for k.c.Cursor() < 4 {
		time.Sleep(10 * time.Millisecond)
	}
	if got := k.get(object(data)); got.StatusCode != http.StatusForbidden {
		t.Error(got)
	}
	if got := k.media(data); got.State != hereMedia || !got.Private || got.Preview != nil {
		t.Errorf("%+v", got)
	}
	blobs, err := k.c.Blobs()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	record, ok := blobs.Derived(sum)
	if !ok || record.Preview == nil {
		t.Fatal("no preview was made")
	}
	if got := k.get("/objects/sha256/" + record.Preview.Hash.Hex()); got.StatusCode != http.StatusForbidden {
		t.Error(got)
	}
	// The operator, on the kit itself.
	request := httptest.NewRequest(http.MethodGet, object(data), nil)
	request.RemoteAddr = "@"
	answer := httptest.NewRecorder()
	k.api.ServeHTTP(answer, request)
	if answer.Code != http.StatusOK || answer.Header().Get("Cache-Control") != "no-store" || !bytes.Equal(answer.Body.Bytes(), data) {
		t.Errorf("%d %v", answer.Code, answer.Header())
	}
	// Who learns its hash does not open it by naming it, nor what is made of it.
	made := k.c.Cursor()
	node := sign(t, key(9), fields{"properties": fields{"title": "mine"}})
	stolen := sign(t, key(9), fields{"operation": "set_media", "node_id": node.ID, "media": mediaOf(data, "image/jpeg"), "timestamp": start + 2})
	k.take(node, stolen)
	if err := k.c.MediaSettled(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{object(data), "/objects/sha256/" + record.Preview.Hash.Hex()} {
		if got := k.get(path); got.StatusCode != http.StatusForbidden {
			t.Error(got)
		}
	}
	if after := k.c.Cursor(); after != made+2 {
		t.Errorf("%d events came of it", after-made)
	}
	// Named in public by who named it, it is public.
	k.attach(data, "image/jpeg", fields{"timestamp": start + 9})
	if got := k.get(object(data)); got.StatusCode != http.StatusOK {
		t.Error(got)
	}
}

func TestMediaOfOtherKinds(t *testing.T) {
	k := newKit(t, Config{})
	for head, kind := range map[string]string{"%PDF-1.4\n": "application/pdf", "\x1aE\xdf\xa3\x01\x00\x00\x00\x00\x00\x00\x1f": "audio/webm", "\x00\x00\x00\x18ftypisom\x00\x00\x00\x00": "video/mp4"} {
		data := append([]byte(head), make([]byte, 700)...)
		k.attach(data, kind, fields{"slot": "report"})
		k.do(http.MethodPut, object(data), nil, bytes.NewReader(data)).expect(t, http.StatusCreated, strconv.Itoa(len(data)))
		got := k.get(object(data))
		if got.Header.Get("Content-Type") != kind || !strings.HasPrefix(got.Header.Get("Content-Disposition"), "attachment; filename=") {
			t.Errorf("%s: %s %v", kind, got.Status, got.Header)
		}
	}
}

func TestUploadThatStopsAndGoesOn(t *testing.T) {
	k := newKit(t, Config{})
	data := photo(t, 7, 1500, 900)
	k.attach(data, "image/jpeg", nil)
	// A phone that loses its WiFi: half a body, then nothing, and the connection stays open.
	address := strings.TrimPrefix(k.server.URL, "http://")
	phone, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer phone.Close()
	fmt.Fprintf(phone, "PATCH %s HTTP/1.1\r\nHost: kit\r\nUpload-Offset: 0\r\nContent-Length: %d\r\n\r\n", object(data), len(data))
	phone.Write(data[:200_000])
	for k.media(data).Offset < 196_608 {
		time.Sleep(5 * time.Millisecond)
	}
	k.do(http.MethodPatch, object(data), patch(int(k.media(data).Offset)), bytes.NewReader(nil)).expect(t, http.StatusConflict, "196608")
	phone.Close()
	for k.media(data).Offset < 200_000 {
		time.Sleep(5 * time.Millisecond)
	}
	k.do(http.MethodPatch, object(data), patch(200_000), bytes.NewReader(data[200_000:])).expect(t, http.StatusCreated, strconv.Itoa(len(data)))
	if got := k.get(object(data)); !bytes.Equal(got.body, data) {
		t.Error(got.Status)
	}
}

func TestUploadsOfOneDevice(t *testing.T) {
	g := gate{perClient: 2, most: 3, clients: make(map[string]int)}
	for i, want := range []bool{true, true, false} {
		if g.enter("a") != want {
			t.Errorf("a's upload %d", i)
		}
	}
	if !g.enter("b") || g.enter("c") || g.enter("") {
		t.Error("more than in all")
	}
	g.leave("a")
	if !g.enter("") || len(g.clients) != 3 {
		t.Error(g.clients)
	}
}
