package endpoint

// UserAgent is what requests say of who makes them: the library, and nothing of the machine
// or its user.
const UserAgent = "truebook"
