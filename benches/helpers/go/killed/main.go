// Command killed writes numbered documents with the BulkIndexer of go-elasticsearch
// to the cluster of the environment: killed INDEX COUNT ids|none FLUSH_BYTES
// CONCURRENCY. It prints `written N` or `failed N` for each document that it knows
// the outcome of, and its peak memory in KiB in the end.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/elastic/go-elasticsearch/v9"
	"github.com/elastic/go-elasticsearch/v9/esutil"
)

type document struct {
	Number int    `json:"number"`
	Text   string `json:"text"`
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	if len(os.Args) != 6 {
		return errors.New("killed INDEX COUNT ids|none FLUSH_BYTES CONCURRENCY")
	}
	var numbers [3]int
	for at, text := range []string{os.Args[2], os.Args[4], os.Args[5]} {
		var err error
		if numbers[at], err = strconv.Atoi(text); err != nil {
			return err
		}
	}
	indexer, err := connect(os.Args[1], numbers[1], numbers[2])
	if err != nil {
		return err
	}
	outcomes := &outcomes{to: bufio.NewWriter(os.Stdout)}
	if err := write(indexer, outcomes, numbers[0], os.Args[3] == "ids"); err != nil {
		return err
	}
	peak, err := peakKibibytes()
	if err != nil {
		return err
	}
	fmt.Fprintln(outcomes.to, "peak", peak)
	return outcomes.to.Flush()
}

func connect(index string, flushBytes, concurrency int) (esutil.BulkIndexer, error) {
	certificates, err := os.ReadFile(os.Getenv("ES_CA"))
	if err != nil {
		return nil, err
	}
	client, err := elasticsearch.NewClient(elasticsearch.Config{
		Addresses: strings.Split(os.Getenv("ES_URLS"), ","),
		Username:  os.Getenv("ES_USER"),
		Password:  os.Getenv("ES_PASSWORD"),
		CACert:    certificates,
	})
	if err != nil {
		return nil, err
	}
	return esutil.NewBulkIndexer(esutil.BulkIndexerConfig{
		Client:     client,
		Index:      index,
		NumWorkers: concurrency,
		FlushBytes: flushBytes,
		OnError:    func(_ context.Context, err error) { log.Print(err) },
	})
}

// outcomes are printed by the workers.
type outcomes struct {
	sync.Mutex
	to *bufio.Writer
}

func (outcomes *outcomes) print(outcome string, number int) {
	outcomes.Lock()
	defer outcomes.Unlock()
	fmt.Fprintln(outcomes.to, outcome, number)
}

func write(indexer esutil.BulkIndexer, outcomes *outcomes, count int, withIDs bool) error {
	for number := range count {
		text := strings.Repeat(fmt.Sprintf("trail shoes %d ", number%97), 20)
		body, err := json.Marshal(document{Number: number, Text: text})
		if err != nil {
			return err
		}
		item := esutil.BulkIndexerItem{
			Action: "index",
			Body:   bytes.NewReader(body),
			OnSuccess: func(context.Context, esutil.BulkIndexerItem, esutil.BulkIndexerResponseItem) {
				outcomes.print("written", number)
			},
			OnFailure: func(context.Context, esutil.BulkIndexerItem, esutil.BulkIndexerResponseItem, error) {
				outcomes.print("failed", number)
			},
		}
		if withIDs {
			item.DocumentID = strconv.Itoa(number)
		}
		if err := indexer.Add(context.Background(), item); err != nil {
			return err
		}
	}
	return indexer.Close(context.Background())
}

// peakKibibytes is the most that was resident, from Linux's own account.
func peakKibibytes() (int, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	line, _, _ := strings.Cut(after, "kB")
	return strconv.Atoi(strings.TrimSpace(line))
}
