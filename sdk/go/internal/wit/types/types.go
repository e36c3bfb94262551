// Package types has the types that generated bindings use for WIT's option and result.
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

// None is an option without a value.
func None[T any]() Option[T] { return Option[T]{} }

// Some is an option with a value.
func Some[T any](value T) Option[T] { return Option[T]{tag: OptionSome, value: value} }

// Tag returns the case.
func (o Option[T]) Tag() uint8 { return o.tag }

// Some returns the value, which must be present.
func (o Option[T]) Some() T {
	if o.tag != OptionSome {
		panic("an option has no value")
	}
	return o.value
}

// Or returns the value, or the other one if there is none.
func (o Option[T]) Or(other T) T {
	if o.tag == OptionNone {
		return other
	}
	return o.value
}

// Pointer returns a pointer to the value, nil if there is none.
func (o Option[T]) Pointer() *T {
	if o.tag == OptionNone {
		return nil
	}
	return &o.value
}

// FromPointer is the inverse of [Option.Pointer].
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

// Tag returns the case.
func (r Result[T, E]) Tag() uint8 { return r.tag }

// Ok returns the value, which must be present.
func (r Result[T, E]) Ok() T {
	if r.tag != ResultOk {
		panic("a result is an error, not a value")
	}
	return r.ok
}

// Err returns the error, which must be present.
func (r Result[T, E]) Err() E {
	if r.tag != ResultErr {
		panic("a result is a value, not an error")
	}
	return r.err
}
