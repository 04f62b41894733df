// sdks writes a package's SDK: sdks LANGUAGE FOLDER LOCAL, with the schema on standard input.
//
// It calls the generators that the language hosts of nodejs, go and python call, from the same Go module as the
// engine: the hosts themselves are in Pulumi's releases and not on a module proxy.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	nodegen "github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	pygen "github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// noOthers loads no other package: the schema refers to none.
type noOthers struct{ schema.ReferenceLoader }

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3] == "true"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(language, folder string, local bool) error {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	var spec schema.PackageSpec
	if err := json.Unmarshal(text, &spec); err != nil {
		return err
	}
	pkg, diagnostics, err := schema.BindSpec(spec, noOthers{}, schema.ValidationOptions{})
	if err != nil {
		return err
	}
	if len(diagnostics) > 0 { // warnings too
		return diagnostics
	}
	files, err := generate(language, pkg, local)
	if err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func generate(language string, pkg *schema.Package, local bool) (map[string][]byte, error) {
	switch language {
	case "nodejs":
		return nodegen.GeneratePackage("pulumi-language-nodejs", pkg, nil, nil, local, noOthers{})
	case "go":
		return gogen.GeneratePackage("pulumi-language-go", pkg, nil)
	case "python":
		return pygen.GeneratePackage("pulumi-language-python", pkg, nil, noOthers{})
	}
	return nil, fmt.Errorf("no generator for %s", language)
}
