package kit_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

const module = "fieldkit/"

// house is what stands in a file tree.
type house struct {
	entries  []string // of the root
	ignored  []string // patterns of .gitignore for the root
	folders  []string
	packages map[string][]source // by folder
	tokens   *token.FileSet
}

// source is one Go file.
type source struct {
	path  string
	lines int
	test  bool
	file  *ast.File
}

// walk reads every Go file but those that tools put there or Go itself passes over.
func walk(tree fs.FS) (*house, error) {
	h := &house{packages: make(map[string][]source), tokens: token.NewFileSet()}
	if ignore, err := fs.ReadFile(tree, ".gitignore"); err == nil {
		for line := range strings.Lines(string(ignore)) {
			h.ignored = append(h.ignored, strings.Trim(line, "/\n"))
		}
	}
	root, err := fs.ReadDir(tree, ".")
	if err != nil {
		return nil, err
	}
	for _, entry := range root {
		h.entries = append(h.entries, entry.Name())
	}
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			base := entry.Name()
			if base != "." && (base[0] == '.' || base[0] == '_' || base == "node_modules" || base == "testdata" || path.Dir(name) == "." && h.isIgnored(base)) {
				return fs.SkipDir
			}
			h.folders = append(h.folders, name)
			return nil
		case !strings.HasSuffix(name, ".go"):
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(h.tokens, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		folder := path.Dir(name)
		h.packages[folder] = append(h.packages[folder], source{name, bytes.Count(text, []byte("\n")), strings.HasSuffix(name, "_test.go"), file})
		return nil
	})
	return h, err
}

func (h *house) isIgnored(name string) bool {
	return slices.ContainsFunc(h.ignored, func(pattern string) bool {
		ok, err := path.Match(pattern, name)
		return ok && err == nil
	})
}

// faults are all that is not as planned, in order of the tree.
func (h *house) faults() (faults []string) {
	report := func(format string, values ...any) { faults = append(faults, fmt.Sprintf(format, values...)) }
	for _, entry := range h.entries {
		if !slices.Contains(rootEntries, entry) && !h.isIgnored(entry) {
			report("%s: does not belong in the root; what may stand there is rootEntries in kit/layout_test.go", entry)
		}
	}
	for _, folder := range h.folders {
		if slices.Contains(drawers, path.Base(folder)) {
			report("%s: a folder named %s says nothing; name the noun", folder, path.Base(folder))
		}
	}
	for _, folder := range h.folders {
		files := h.packages[folder]
		if len(files) == 0 {
			continue
		}
		tests := !slices.ContainsFunc(files, func(f source) bool { return !f.test })
		at, known := tierOf(folder)
		if !known && !tests {
			report("%s: is in no tier; add it to tiers in kit/layout_test.go, as low as it can stand", folder)
		}
		for _, f := range files {
			h.checkFile(f, report)
			if known {
				h.checkImports(folder, at, f, report)
			}
			if known && at == pure && !f.test {
				h.checkPure(f, report)
			}
		}
		if !tests && !slices.ContainsFunc(files, documented) {
			report("%s: the package has no comment that begins with its name", folder)
		}
	}
	return faults
}

func (h *house) checkFile(f source, report func(string, ...any)) {
	if f.lines >= maxLines {
		report("%s: has %d lines, %d is too many", f.path, f.lines, maxLines)
	}
	name := strings.TrimSuffix(f.file.Name.Name, "_test")
	if slices.Contains(strings.Fields(standardNames), name) {
		report("%s: package %s has the name of one of Go's library", f.path, name)
	}
	if slices.Contains(drawers, name) {
		report("%s: a package named %s says nothing; name the noun", f.path, name)
	}
}

// documented reports whether the file has the package's comment, as godoc wants it.
func documented(f source) bool {
	if f.test || f.file.Doc == nil {
		return false
	}
	first, _, _ := strings.Cut(f.file.Doc.Text(), "\n")
	if f.file.Name.Name == "main" {
		return strings.HasPrefix(first, "Command ") || strings.HasPrefix(first, strings.ToUpper(path.Base(path.Dir(f.path))[:1])+path.Base(path.Dir(f.path))[1:]+" ")
	}
	return strings.HasPrefix(first, "Package "+f.file.Name.Name+" ")
}

func tierOf(folder string) (tier, bool) {
	for _, t := range tiers {
		for _, pattern := range t.packages {
			if ok, _ := path.Match(pattern, folder); ok {
				return t.tier, true
			}
		}
	}
	return 0, false
}

func areaOf(folder string) string {
	area, _, _ := strings.Cut(folder, "/")
	return area
}

func (h *house) checkImports(folder string, from tier, f source, report func(string, ...any)) {
	for _, spec := range f.file.Imports {
		ours, ok := strings.CutPrefix(importPath(spec), module)
		if !ok || ours == folder {
			continue
		}
		to, known := tierOf(ours)
		switch {
		case !known:
			report("%s: imports %s, which is in no tier", f.path, ours)
		case to == command:
			report("%s: imports %s, a command", f.path, ours)
		case to > from && !(f.test && to == bench):
			report("%s: a %s imports %s, a %s: imports never go up", f.path, tierNames[from], ours, tierNames[to])
		}
		here, there := areaOf(folder), areaOf(ours)
		switch {
		case here == there || !slices.Contains(areas, there):
		case slices.Contains(areas, here):
			report("%s: imports %s: %s and %s meet only in kit/cmd", f.path, ours, here, there)
		case from != command && ours != "maps/tile":
			report("%s: imports %s: outside of kit/cmd, kit uses nothing of %s but maps/tile", f.path, ours, there)
		}
	}
}

func importPath(spec *ast.ImportSpec) string {
	p, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return spec.Path.Value
	}
	return p
}

// checkPure looks for I/O, goroutines, clocks and randomness.
func (h *house) checkPure(f source, report func(string, ...any)) {
	clock := ""
	for _, spec := range f.file.Imports {
		p := importPath(spec)
		if p == "time" {
			clock = "time"
			if spec.Name != nil {
				clock = spec.Name.Name
			}
		}
		if slices.Contains(impureExactly, p) || slices.ContainsFunc(impureImports, func(root string) bool { return p == root || strings.HasPrefix(p, root+"/") }) {
			report("%s: imports %s, but the package is pure", f.path, p)
		}
	}
	if clock == "." {
		report("%s: imports time under no name, but the package is pure", f.path)
	}
	ast.Inspect(f.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			report("%s: starts a goroutine, but the package is pure", h.tokens.Position(n.Pos()))
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == clock && slices.Contains(impureTime, n.Sel.Name) {
				report("%s: uses time.%s, but the package is pure: now is an argument", h.tokens.Position(n.Pos()), n.Sel.Name)
			}
		}
		return true
	})
}
