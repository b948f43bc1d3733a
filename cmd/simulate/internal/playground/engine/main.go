//go:build js && wasm

// The engine of the playground: bench, for a worker of a web page. It offers one
// function, vpcsim(request), which takes and returns JSON.
package main

import (
	"context"
	"encoding/json"
	"syscall/js"

	"vpcsim/cmd/simulate/internal/bench"
)

func main() {
	js.Global().Set("vpcsim", js.FuncOf(func(_ js.Value, args []js.Value) any {
		return play(args[0].String())
	}))
	select {} // the page calls until it is closed
}

func play(text string) string {
	var request bench.Request
	answer := bench.Answer{}
	if err := json.Unmarshal([]byte(text), &request); err != nil {
		answer.Problem = err.Error()
	} else if answer, err = bench.Play(context.Background(), request); err != nil {
		answer = bench.Answer{Problem: err.Error()}
	}
	out, err := json.Marshal(answer)
	if err != nil {
		panic(err) // an answer is plain data
	}
	return string(out)
}
