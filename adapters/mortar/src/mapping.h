/* From the contract's records to mortar's messages, and back. Pure: nothing here asks the host for anything. */
#ifndef MORTAR_MAPPING_H
#define MORTAR_MAPPING_H

#include "message.h"

/* The request that asks for a party, which is mortar's word for a lead. Fails if no party can have that number. */
bool enquiry(jf_str lead_id, jf_str *body, jf_failure *failure);
/* The request that writes a call's outcome. Fails, as a rejection that names the field, if a value has no room in
 * mortar's, so that nothing is written that was not said. */
bool disposal(const jf_disposition *call, jf_str key, jf_str *body, jf_failure *failure);

/* Whether an answer's return code is that of success; else the failure that it means. */
bool return_code(const message *answer, jf_failure *failure);
/* What an enquiry's answer says of the party. */
bool party(const message *answer, jf_str lead_id, jf_lead_status *status, jf_failure *failure);
/* What a disposal's answer says of the document that it became. */
bool document(const message *answer, jf_receipt *receipt, jf_failure *failure);

#endif
