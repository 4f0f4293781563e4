// Package strictjson reads the objects of JSON that the exchange answers by REST and sends
// of an account: their fields one by one, each as what it should be.
//
// encoding/json alone would fill a struct from keys of another case, and from the last of
// two that are equal; it mends text that is no UTF-8, and has no bound but the length. Here
// an object has each key once, [MaxFields] of them and [MaxDepth] levels at most, and an
// array as many elements as the caller says.
//
// What is wrong with one field does not stop the others from being read: the first error
// is kept, and is the caller's to look at when all is read ([Object.Err]).
//
//	o, err := strictjson.ReadObject(answer)
//	if err != nil {
//		return err
//	}
//	name := o.Text("name")
//	if name == "" {
//		o.Wrong("name", "none")
//	}
//	return o.Err()
//
// Errors have no prefix: the package that returns them puts its own. They name the field,
// and show no value of it.
package strictjson
