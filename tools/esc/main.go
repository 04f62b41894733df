// esc evaluates environments with Pulumi's own evaluator: a JSON request a line on standard input, an answer a line.
//
// tests/esc_oracle compares the fake in infra_secrets/testing/esc with it. Environments and what providers answer come
// with the request; nothing is read from a disk or a network.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/pulumi/pulumi/pkg/v3/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/common/esc"
	"github.com/pulumi/pulumi/sdk/v3/go/common/esc/eval"
	"github.com/pulumi/pulumi/sdk/v3/go/common/esc/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	sdk "github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"gopkg.in/yaml.v3"
)

// request is one case, and the loader of its environments and providers.
type request struct {
	Environments map[string]string          // definitions by name
	Root         string                     // the definition to evaluate, as a stack's file has it
	Answers      map[string]json.RawMessage // what each provider gives
	Project      string                     // the namespace of a config key without one
	Config       string                     // the stack's own config, as its file has it; ciphertexts are base64
}

// answer says what was refused, or all the rest.
type answer struct {
	Refused    []string             `json:"refused,omitempty"`
	Properties map[string]esc.Value `json:"properties,omitempty"`
	Variables  map[string]esc.Value `json:"variables,omitempty"`
	Files      map[string]esc.Value `json:"files,omitempty"`
	Config     map[string]string    `json:"config,omitempty"` // what the program gets
	Secret     []string             `json:"secret,omitempty"` // the keys of which it is told that they are secret
}

// LoadEnvironment gives a definition as Pulumi Cloud stores it: what can be read, with its secrets encrypted.
func (r *request) LoadEnvironment(ctx context.Context, name string) ([]byte, eval.Decrypter, error) {
	definition, ok := r.Environments[name]
	if !ok {
		return nil, nil, fmt.Errorf("%s was not given", name)
	}
	_, diagnostics, err := eval.LoadYAMLBytes(name, []byte(definition))
	if err != nil {
		return nil, nil, err
	}
	if diagnostics.HasErrors() {
		return nil, nil, diagnostics
	}
	stored, err := eval.EncryptSecrets(ctx, name, []byte(definition), seal{})
	return stored, seal{}, err
}

func (r *request) AuthorizeImport(context.Context, string, string, bool) error { return nil }

func (r *request) LoadProvider(_ context.Context, name string) (esc.Provider, error) {
	given, ok := r.Answers[name]
	if !ok {
		return nil, fmt.Errorf("unknown provider %q", name)
	}
	return provider(given), nil
}

func (r *request) LoadRotator(_ context.Context, name string) (esc.Rotator, error) {
	return nil, fmt.Errorf("unknown rotator %q", name)
}

// provider gives one answer, whatever it is asked.
type provider json.RawMessage

func (p provider) Schema() (*schema.Schema, *schema.Schema) {
	return schema.Object().AdditionalProperties(schema.Always()).Schema(), schema.Always()
}

func (p provider) Open(context.Context, map[string]esc.Value, esc.EnvExecContext) (v esc.Value, err error) {
	return v, json.Unmarshal(p, &v)
}

// seal encrypts nothing: what is sealed only looks different, and is long enough for ESC.
type seal struct{}

var mark = []byte("sealed: ")

func (seal) Encrypt(_ context.Context, value []byte) ([]byte, error) {
	return append(bytes.Clone(mark), value...), nil
}

func (seal) Decrypt(_ context.Context, value []byte) ([]byte, error) {
	return bytes.TrimPrefix(value, mark), nil
}

func main() {
	debug.SetMaxStack(1 << 25) // some definitions make the evaluator call itself without end: see tests/esc_oracle/oracle.py
	requests, answers := bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)
	for {
		line, err := requests.ReadBytes('\n')
		if err != nil {
			return
		}
		var r request
		if err := json.Unmarshal(line, &r); err != nil {
			panic(err)
		}
		text, err := json.Marshal(r.evaluate(context.Background()))
		if err != nil { // a number that JSON does not have
			text, _ = json.Marshal(refuse(err))
		}
		answers.Write(append(text, '\n'))
		answers.Flush()
	}
}

func refuse(problem any) answer { return answer{Refused: []string{fmt.Sprint(problem)}} }

func (r *request) evaluate(ctx context.Context) (result answer) {
	defer func() {
		if problem := recover(); problem != nil {
			result = refuse(problem)
		}
	}()
	root, diagnostics, err := eval.LoadYAMLBytes(esc.AnonymousEnvironmentName, []byte(r.Root))
	if err != nil {
		return refuse(err)
	}
	environment := &esc.Environment{}
	if !diagnostics.HasErrors() {
		run, err := esc.NewExecContext(map[string]esc.Value{})
		if err != nil {
			return refuse(err)
		}
		options := eval.EvalOptions{TraceMode: eval.TraceModeNone}
		opened, more := eval.EvalEnvironment(ctx, esc.AnonymousEnvironmentName, root, seal{}, r, r, run, options)
		diagnostics.Extend(more...)
		if opened != nil {
			environment = opened
		}
	}
	if diagnostics.HasErrors() {
		return refuse(diagnostics)
	}

	// What the engine makes of it and of the stack's own config.
	merged := config.Map{}
	if err := yaml.Unmarshal([]byte(r.Config), &merged); err != nil {
		return refuse(err)
	}
	project, crypter := &sdk.Project{Name: tokens.PackageName(r.Project)}, config.Base64Crypter
	opened := environment.Properties["pulumiConfig"]
	if err := workspace.ApplyProjectConfig(ctx, "stack", project, opened, merged, crypter, crypter); err != nil {
		return refuse(err)
	}
	plain, err := merged.Decrypt(crypter)
	if err != nil {
		return refuse(err)
	}
	result = answer{
		Properties: environment.Properties,
		Variables:  environment.GetEnvironmentVariables(),
		Files:      environment.GetTemporaryFiles(),
		Config:     map[string]string{},
	}
	for key, value := range plain {
		result.Config[key.String()] = value
	}
	for _, key := range merged.SecureKeys() {
		result.Secret = append(result.Secret, key.String())
	}
	return result
}
