// Package endpoint is what the packages that reach the exchange have in common: which
// URL they may dial, which tokens they may name, how a list of ids is subscribed to, and how
// a refusal of HTTP reads.
//
// Its errors have no prefix: the package that returns them puts its own.
package endpoint
