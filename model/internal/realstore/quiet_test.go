package realstore

import "github.com/aws/amazon-vpc-cni-k8s/pkg/utils/logger"

// quiet is a logger that says nothing.
type quiet struct{}

func (quiet) Debugf(string, ...any)                    {}
func (quiet) Debug(string)                             {}
func (quiet) Infof(string, ...any)                     {}
func (quiet) Info(string)                              {}
func (quiet) Warnf(string, ...any)                     {}
func (quiet) Warn(string)                              {}
func (quiet) Errorf(string, ...any)                    {}
func (quiet) Error(string)                             {}
func (quiet) Fatalf(string, ...any)                    {}
func (quiet) Panicf(string, ...any)                    {}
func (q quiet) WithFields(logger.Fields) logger.Logger { return q }
