/* Converts the contract's records to mortar's messages and back. The host is asked for nothing but time zones. */
#ifndef MORTAR_MAPPING_H
#define MORTAR_MAPPING_H

#include "message.h"

/* The request for a party, which is mortar's word for a lead. Fails if a party cannot have that number. */
bool enquiry(jf_str lead_id, jf_str *body, jf_failure *failure);
/* The request that writes a call's outcome. Fails, as a rejection that names the field, if a value does not fit
 * mortar's field, so that no altered value is written. */
bool disposal(const jf_disposition *call, jf_str key, jf_str *body, jf_failure *failure);

/* Whether an answer's return code is that of success; otherwise sets the failure that it means. */
bool return_code(const message *answer, jf_failure *failure);
/* The party in the answer to an enquiry. */
bool party(const message *answer, jf_str lead_id, jf_lead_status *status, jf_failure *failure);
/* The document in the answer to a disposal. */
bool document(const message *answer, jf_receipt *receipt, jf_failure *failure);

#endif
