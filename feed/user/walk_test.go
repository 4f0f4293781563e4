package user

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
)

// walk calls find with every text that can be reached from a value, exported or not.
func walk(v reflect.Value, path string, seen map[uintptr]bool, find func(path, text string)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && !seen[v.Pointer()] {
			seen[v.Pointer()] = true
			walk(v.Elem(), path, seen, find)
		}
	case reflect.Interface:
		if !v.IsNil() {
			walk(v.Elem(), path, seen, find)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			walk(v.Field(i), path+"."+v.Type().Field(i).Name, seen, find)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			walk(v.Index(i), fmt.Sprint(path, "[", i, "]"), seen, find)
		}
		if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
			find(path, string(v.Bytes()))
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			walk(k, path+"{key}", seen, find)
			walk(v.MapIndex(k), path+"{value}", seen, find)
		}
	case reflect.String:
		find(path, v.String())
	default:
	}
}

// TestNoSecretByReflection: a printer that follows pointers, and looks into unexported
// fields, finds no part of the API key in an account that has been told something.
func TestNoSecretByReflection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := alone(t)
		connected(a)
		for _, frame := range []string{
			orderText("0xa", "PLACEMENT", "LIVE", "0", at), tradeText("t1", "0xa", "MATCHED", "40", at/1000, at+10),
			strings.Replace(tradeText("t2", "0xa", "MATCHED", "40", at/1000, at+10), `"owner":"x"`, `"owner":"`+owner+`"`, 1),
		} {
			a.step(&input{kind: frameCame, conn: 1, frame: []byte(frame)})
		}
		found := 0
		for _, v := range []any{a, a.View()} {
			walk(reflect.ValueOf(v), "a", map[uintptr]bool{}, func(path, text string) {
				found++
				if strings.Contains(text, owner) || strings.Contains(text, "AAAA") {
					t.Errorf("%s: %q", path, text)
				}
			})
		}
		if len(a.View().Fills()) != 3 || found < 20 {
			t.Errorf("%d fills, %d texts were found", len(a.View().Fills()), found)
		}
	})
}
