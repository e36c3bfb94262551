/* Dates and times: the calendar, instants, Indian standard time. Named time zones are the host's. */
#include <string.h>

#include "internal.h"

#define IST_AHEAD (5 * 3600 + 30 * 60)
#define DAY ((int64_t)24 * 3600)

static bool is_leap(int year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

bool jf_is_datetime(const jf_datetime *when) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (when->year < 1 || when->year > 9999 || when->month < 1 || when->month > 12) {
        return false;
    }
    int last = days[when->month - 1] + (when->month == 2 && is_leap(when->year) ? 1 : 0);
    return when->day >= 1 && when->day <= last && when->hour >= 0 && when->hour <= 23 && when->minute >= 0 &&
           when->minute <= 59 && when->second >= 0 && when->second <= 59;
}

/* The number in text[from..to]; -1 if it is not all digits or beyond the text. */
static int digits(jf_str text, size_t from, size_t to) {
    jf_str part = jf_slice(text, from, to);
    int64_t number = -1;
    return part.len == to - from && jf_is_digits(part) && jf_integer(part, &number) ? (int)number : -1;
}

/* Whether text starts like `pattern`, in which `0` matches any digit. */
static bool shaped(jf_str text, const char *pattern) {
    size_t len = strlen(pattern);
    if (text.len < len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        bool digit = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        if (pattern[i] == '0' ? !digit : text.ptr[i] != pattern[i]) {
            return false;
        }
    }
    return true;
}

bool jf_parse_date(jf_str text, jf_datetime *into) {
    if (text.len != 10 || !shaped(text, "0000-00-00")) {
        return false;
    }
    jf_datetime date = {.year = digits(text, 0, 4), .month = digits(text, 5, 7), .day = digits(text, 8, 10)};
    if (!jf_is_datetime(&date)) {
        return false;
    }
    into->year = date.year;
    into->month = date.month;
    into->day = date.day;
    return true;
}

bool jf_parse_time(jf_str text, jf_datetime *into) {
    if (text.len != 5 || !shaped(text, "00:00")) {
        return false;
    }
    int hour = digits(text, 0, 2);
    int minute = digits(text, 3, 5);
    if (hour > 23 || minute > 59) {
        return false;
    }
    into->hour = hour;
    into->minute = minute;
    return true;
}

/* Days since 1970-01-01 in the Gregorian calendar. Years begin in March here, so that a leap day is the last day. */
static int64_t days_since_1970(int year, int month, int day) {
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400; /* years are positive */
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* The parts of an instant. */
typedef struct {
    jf_datetime local;
    jf_str decimals; /* digits, without zeros at their end */
    int offset;      /* seconds ahead of UTC */
} instant_parts;

/* Reads Z, ±HH, ±HHMM and ±HH:MM as seconds ahead of UTC. */
static bool read_offset(jf_str text, int *offset) {
    *offset = 0;
    if (jf_is_nocase(text, "z")) {
        return true;
    }
    if (text.len < 1 || (text.ptr[0] != '+' && text.ptr[0] != '-')) {
        return false;
    }
    jf_str rest = jf_slice(text, 1, text.len);
    bool colon = rest.len == 5 && shaped(rest, "00:00");
    if (!colon && !(rest.len == 4 && shaped(rest, "0000")) && !(rest.len == 2 && shaped(rest, "00"))) {
        return false;
    }
    int hours = digits(rest, 0, 2);
    int minutes = rest.len == 2 ? 0 : digits(rest, colon ? 3 : 2, rest.len);
    *offset = (text.ptr[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return hours <= 23 && minutes <= 59;
}

static bool read_instant(jf_str text, instant_parts *parts) {
    jf_datetime *when = &parts->local;
    *parts = (instant_parts){.decimals = JF_STR("")};
    jf_str rest = jf_slice(text, 11, text.len);
    if (text.len < 11 || !jf_parse_date(jf_slice(text, 0, 10), when) ||
        (text.ptr[10] != 'T' && text.ptr[10] != 't' && text.ptr[10] != ' ') ||
        !jf_parse_time(jf_slice(rest, 0, 5), when)) {
        return false;
    }
    rest = jf_slice(rest, 5, rest.len);
    if (shaped(rest, ":00")) {
        when->second = digits(rest, 1, 3);
        if (when->second == 60) { /* a leap second, which clocks that count seconds since 1970 do not have */
            when->second = 59;
        }
        rest = jf_slice(rest, 3, rest.len);
        if (shaped(rest, ".0")) {
            size_t end = 1;
            size_t last = 1; /* behind the last digit that is not a zero */
            for (; end < rest.len && rest.ptr[end] >= '0' && rest.ptr[end] <= '9'; end++) {
                last = rest.ptr[end] == '0' ? last : end + 1;
            }
            parts->decimals = jf_slice(rest, 1, last);
            rest = jf_slice(rest, end, rest.len);
        }
    }
    return jf_is_datetime(when) && read_offset(rest, &parts->offset);
}

bool jf_parse_instant(jf_str text, int64_t *seconds) {
    instant_parts parts;
    if (!read_instant(text, &parts)) {
        return false;
    }
    const jf_datetime *when = &parts.local;
    int64_t days = days_since_1970(when->year, when->month, when->day);
    *seconds = days * DAY + when->hour * 3600 + when->minute * 60 + when->second - parts.offset;
    return true;
}

jf_str jf_rfc3339(jf_str text) {
    instant_parts parts;
    if (!read_instant(text, &parts)) {
        return JF_NONE;
    }
    const jf_datetime *when = &parts.local;
    int ahead = parts.offset < 0 ? -parts.offset : parts.offset;
    return jf_format("%04d-%02d-%02dT%02d:%02d:%02d%s" JF_FMT "%c%02d:%02d", when->year, when->month, when->day,
                     when->hour, when->minute, when->second, parts.decimals.len > 0 ? "." : "", JF_ARG(parts.decimals),
                     parts.offset < 0 ? '-' : '+', ahead / 3600, ahead / 60 % 60);
}

jf_datetime jf_in_ist(int64_t seconds) {
    /* 0001-01-01 and 9999-12-31 in India: years beyond have more than four digits. */
    const int64_t first = -62135596800 - IST_AHEAD;
    const int64_t last = 253402300799 - IST_AHEAD;
    seconds = seconds < first ? first : seconds > last ? last : seconds;
    int64_t local = seconds + IST_AHEAD;
    int64_t days = local / DAY - (local % DAY < 0 ? 1 : 0);
    int64_t rest = local - days * DAY;
    days += 719468;
    int64_t era = days / 146097;
    int64_t of_era = days - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    jf_datetime when = {
        .year = (int)(year + era * 400 + (month >= 10 ? 1 : 0)),
        .month = (int)(month < 10 ? month + 3 : month - 9),
        .day = (int)(of_year - (153 * month + 2) / 5 + 1),
        .hour = (int)(rest / 3600),
        .minute = (int)(rest / 60 % 60),
        .second = (int)(rest % 60),
    };
    return when;
}

jf_str jf_rfc3339_ist(const jf_datetime *when) {
    return jf_format("%04d-%02d-%02dT%02d:%02d:%02d+05:30", when->year, when->month, when->day, when->hour,
                     when->minute, when->second);
}

static bool converted(jf_date_error problem, jf_failure *failure) {
    switch (problem) {
    case JF_CONVERTED:
        return true;
    case JF_UNKNOWN_ZONE:
        (void)jf_reject(failure, JF_STR("bad-zone"), JF_STR("a time zone cannot be used"));
        return jf_reject_field(failure, JF_STR("timezone"),
                               JF_STR("is not the IANA name of a time zone, such as Asia/Kolkata, or UTC"));
    case JF_INVALID_TIME:
        break;
    }
    (void)jf_reject(failure, JF_STR("bad-date"), JF_STR("a time cannot be used"));
    return jf_reject_field(failure, JF_STR("time"),
                           JF_STR("is not a time of the calendar, such as 2026-07-05T16:30, or 2026-07-05T16:30:00Z for "
                                  "an instant"));
}

bool jf_instant(jf_str local, jf_str zone, jf_str *instant, jf_failure *failure) {
    return converted(jf_host_instant(local, zone, instant), failure);
}

bool jf_local(jf_str instant, jf_str zone, jf_str *local, jf_failure *failure) {
    return converted(jf_host_local(instant, zone, local), failure);
}

static bool bad_visit(const char *field, jf_failure *failure) {
    (void)jf_reject(failure, JF_STR("bad-date"), JF_STR("the site visit is not a real date, time and zone"));
    return jf_reject_field(failure, jf_str_of(field), JF_STR("cannot be understood"));
}

bool jf_visit_start(const jf_disposition *call, jf_str *starts, jf_failure *failure) {
    jf_str date = call->site_visit.date;
    jf_str time = call->site_visit.time_slot;
    jf_str zone = call->site_visit.timezone;
    *starts = JF_NONE;
    if (!call->has_site_visit || !call->site_visit.booked || !jf_has(date) || !jf_has(time)) {
        return true;
    }
    jf_datetime when = {0};
    if (!jf_parse_date(date, &when)) {
        return bad_visit("site_visit.date", failure);
    }
    if (!jf_parse_time(time, &when)) {
        return bad_visit("site_visit.time_slot", failure);
    }
    jf_str local = jf_format(JF_FMT "T" JF_FMT, JF_ARG(date), JF_ARG(time));
    switch (jf_host_instant(local, jf_has(zone) ? zone : JF_STR("Asia/Kolkata"), starts)) {
    case JF_CONVERTED:
        return true;
    case JF_UNKNOWN_ZONE:
        return bad_visit("site_visit.timezone", failure);
    case JF_INVALID_TIME:
        break;
    }
    return bad_visit("site_visit.date", failure);
}
