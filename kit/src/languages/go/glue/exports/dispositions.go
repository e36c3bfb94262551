package export_jackfield_crm_dispositions

import (
	"jackfield.dev/jackfield"
	"jackfield.dev/jackfield/component/convert"
	"jackfield.dev/jackfield/component/invocation"
	. "jackfield.dev/jackfield/component/jackfield_crm_model"
	"jackfield.dev/jackfield/internal/wit/types"
)

// Write is the contract's dispositions.write.
func Write(disposition Disposition, idempotencyKey string) types.Result[Receipt, Failure] {
	write := func(adapter jackfield.Adapter, host *jackfield.Host) (jackfield.Receipt, error) {
		return adapter.Write(host, convert.Disposition(disposition), idempotencyKey)
	}
	receipt, failure := invocation.Run("Write", write)
	return invocation.Result(receipt, failure, convert.Receipt)
}
