// Package types holds the shapes that generated bindings name for WIT's option and result.
package types

// Tags of an option.
const (
	OptionNone uint8 = iota
	OptionSome
)

// Option is a value that may be missing.
type Option[T any] struct {
	tag   uint8
	value T
}

// None is nothing.
func None[T any]() Option[T] { return Option[T]{} }

// Some is a value.
func Some[T any](value T) Option[T] { return Option[T]{tag: OptionSome, value: value} }

// Tag tells which it is.
func (o Option[T]) Tag() uint8 { return o.tag }

// Some answers the value, which must be there.
func (o Option[T]) Some() T {
	if o.tag != OptionSome {
		panic("an option without a value was asked for it")
	}
	return o.value
}

// Or answers the value, or another one if there is none.
func (o Option[T]) Or(other T) T {
	if o.tag == OptionNone {
		return other
	}
	return o.value
}

// Pointer is the value as Go has optional ones, nil for none.
func (o Option[T]) Pointer() *T {
	if o.tag == OptionNone {
		return nil
	}
	return &o.value
}

// FromPointer is the other way.
func FromPointer[T any](value *T) Option[T] {
	if value == nil {
		return None[T]()
	}
	return Some(*value)
}

// Tags of a result.
const (
	ResultOk uint8 = iota
	ResultErr
)

// Result is a value or an error.
type Result[T, E any] struct {
	tag uint8
	ok  T
	err E
}

// Ok is a value.
func Ok[T, E any](value T) Result[T, E] { return Result[T, E]{tag: ResultOk, ok: value} }

// Err is an error.
func Err[T, E any](err E) Result[T, E] { return Result[T, E]{tag: ResultErr, err: err} }

// Tag tells which it is.
func (r Result[T, E]) Tag() uint8 { return r.tag }

// Ok answers the value, which must be there.
func (r Result[T, E]) Ok() T {
	if r.tag != ResultOk {
		panic("a result that is an error was asked for its value")
	}
	return r.ok
}

// Err answers the error, which must be there.
func (r Result[T, E]) Err() E {
	if r.tag != ResultErr {
		panic("a result that is a value was asked for its error")
	}
	return r.err
}
