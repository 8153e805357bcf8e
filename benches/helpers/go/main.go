// Command bulk writes documents with the BulkIndexer of go-elasticsearch:
// bulk URL COUNT FLUSH_BYTES CONCURRENCY, the documents on standard input.
// It prints how many were written, the seconds it took and its peak memory.
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
	"time"

	"github.com/elastic/go-elasticsearch/v9"
	"github.com/elastic/go-elasticsearch/v9/esutil"
)

type product struct {
	Title       string   `json:"title"`
	Brand       string   `json:"brand"`
	Description string   `json:"description"`
	Category    string   `json:"category"`
	Price       float64  `json:"price"`
	Stock       uint32   `json:"stock"`
	Rating      float32  `json:"rating"`
	Tags        []string `json:"tags"`
	Added       string   `json:"added"`
}

type settings struct {
	url                            string
	count, flushBytes, concurrency int
}

func main() {
	settings, err := arguments()
	if err != nil {
		log.Fatal(err)
	}
	products, err := read()
	if err != nil {
		log.Fatal(err)
	}
	began := time.Now()
	written, err := write(settings, products)
	if err != nil {
		log.Fatal(err)
	}
	seconds := time.Since(began).Seconds()
	peak, err := peakKibibytes()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(written, seconds, peak)
}

func arguments() (settings, error) {
	if len(os.Args) != 5 {
		return settings{}, errors.New("bulk URL COUNT FLUSH_BYTES CONCURRENCY")
	}
	read := settings{url: os.Args[1]}
	for at, number := range []*int{&read.count, &read.flushBytes, &read.concurrency} {
		var err error
		if *number, err = strconv.Atoi(os.Args[2+at]); err != nil {
			return settings{}, err
		}
	}
	return read, nil
}

func read() ([]product, error) {
	var products []product
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var one product
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return nil, err
		}
		products = append(products, one)
	}
	return products, lines.Err()
}

func write(settings settings, products []product) (uint64, error) {
	client, err := elasticsearch.NewClient(elasticsearch.Config{
		Addresses: []string{settings.url},
		Username:  "elastic",
		Password:  "changeme",
	})
	if err != nil {
		return 0, err
	}
	indexer, err := esutil.NewBulkIndexer(esutil.BulkIndexerConfig{
		Client:     client,
		Index:      "products",
		NumWorkers: settings.concurrency,
		FlushBytes: settings.flushBytes,
		OnError:    func(_ context.Context, err error) { log.Fatal(err) },
	})
	if err != nil {
		return 0, err
	}
	for number := range settings.count {
		document, err := json.Marshal(&products[number%len(products)])
		if err != nil {
			return 0, err
		}
		item := esutil.BulkIndexerItem{
			Action:     "index",
			DocumentID: strconv.Itoa(number),
			Body:       bytes.NewReader(document),
		}
		if err := indexer.Add(context.Background(), item); err != nil {
			return 0, err
		}
	}
	if err := indexer.Close(context.Background()); err != nil {
		return 0, err
	}
	return indexer.Stats().NumFlushed, nil
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
