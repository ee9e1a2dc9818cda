package main

import (
	"fmt"
	"strconv"
	"strings"

	"tidegate/etl"
)

// What schedulers tell the processes of one job: which of them each is, counted from 0, and how many they are.
const (
	awsIndex        = "AWS_BATCH_JOB_ARRAY_INDEX"
	awsSize         = "AWS_BATCH_JOB_ARRAY_SIZE"
	kubernetesIndex = "JOB_COMPLETION_INDEX"
)

// parseShard reads --shard: INDEX/COUNT, auto (both from AWS Batch) or auto/COUNT (the index from AWS Batch or Kubernetes).
// "" is all objects.
func parseShard(text string, lookup func(string) (string, bool)) (etl.Shard, error) {
	if text == "" {
		return etl.Shard{}, nil
	}
	index, count, counted := strings.Cut(text, "/")
	if index == "auto" {
		var err error
		if index, count, err = scheduledShard(count, counted, lookup); err != nil {
			return etl.Shard{}, fmt.Errorf("--shard %s: %w", text, err)
		}
	} else if !counted {
		return etl.Shard{}, fmt.Errorf("--shard %s: write INDEX/COUNT (0/4 to 3/4), auto or auto/COUNT", text)
	}
	i, err := strconv.Atoi(index)
	if err != nil {
		return etl.Shard{}, fmt.Errorf("--shard %s: the index %q is no whole number", text, index)
	}
	n, err := strconv.Atoi(count)
	if err != nil {
		return etl.Shard{}, fmt.Errorf("--shard %s: the count %q is no whole number", text, count)
	}
	s, err := etl.NewShard(i, n)
	if err != nil {
		return s, fmt.Errorf("--shard %s: %w", text, err)
	}
	return s, nil
}

// scheduledShard gives what the scheduler says.
func scheduledShard(count string, counted bool, lookup func(string) (string, bool)) (string, string, error) {
	size, sized := lookup(awsSize)
	switch {
	case !counted && !sized:
		return "", "", fmt.Errorf("%s is not set, so nobody says how many shards there are; write auto/COUNT", awsSize)
	case !counted:
		count = size
	case sized && size != count:
		return "", "", fmt.Errorf("%s is %s", awsSize, size)
	}
	for _, name := range []string{awsIndex, kubernetesIndex} {
		if index, ok := lookup(name); ok {
			return index, count, nil
		}
	}
	return "", "", fmt.Errorf("neither %s nor %s is set, so nobody says which shard this is; write INDEX/COUNT", awsIndex, kubernetesIndex)
}
