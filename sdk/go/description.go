package jackfield

// SettingKind is the type that a setting's value must have. The host checks it when a release is made.
type SettingKind uint8

// The kinds of setting.
const (
	// Text is any text.
	Text SettingKind = iota
	// Integer is a whole number.
	Integer
	// Boolean is true or false.
	Boolean
	// URL is an absolute http or https URL, passed without a trailing slash.
	URL
)

// CredentialKind is a kind of credential that a tenant's file can give.
type CredentialKind string

// The kinds of credential. The host adds the first three to requests; an adapter never sees them.
const (
	// Bearer is `Authorization: Bearer …`.
	Bearer CredentialKind = "bearer"
	// Basic is `Authorization: Basic …`.
	Basic CredentialKind = "basic"
	// Header is a header of the CRM's own.
	Header CredentialKind = "header"
	// HMAC is a key for [Host.HMACSHA256], which stays in the host.
	HMAC CredentialKind = "hmac"
)

// Setting is a setting that a tenant's file gives.
type Setting struct {
	Name     string
	Kind     SettingKind
	Required bool
	Doc      string
}

// Credential is a credential that a tenant's file gives.
type Credential struct {
	Name string
	Kind CredentialKind
	Doc  string
}

// Description is an adapter's description of itself. Create one with [Describe].
type Description struct {
	Name, Version string
	Settings      []Setting
	Credentials   []Credential
	Origins       []string
	Idempotent    bool
}

// Describe creates a description without settings and credentials. The name consists of lower-case letters, digits and
// dashes; the version is MAJOR.MINOR.PATCH.
func Describe(name, version string) *Description {
	return &Description{Name: name, Version: version}
}

// Origin adds a required setting that holds the URL of a CRM that the adapter uses. The tenant's [egress] must grant
// its origin.
func (d *Description) Origin(name, doc string) *Description {
	d.Origins = append(d.Origins, name)
	return d.Required(name, URL, doc)
}

// Required adds a setting that every release must have.
func (d *Description) Required(name string, kind SettingKind, doc string) *Description {
	d.Settings = append(d.Settings, Setting{Name: name, Kind: kind, Required: true, Doc: doc})
	return d
}

// Optional adds a setting that a tenant may leave out.
func (d *Description) Optional(name string, kind SettingKind, doc string) *Description {
	d.Settings = append(d.Settings, Setting{Name: name, Kind: kind, Doc: doc})
	return d
}

// Credential adds a credential that the tenant's file must give.
func (d *Description) Credential(name string, kind CredentialKind, doc string) *Description {
	d.Credentials = append(d.Credentials, Credential{Name: name, Kind: kind, Doc: doc})
	return d
}

// IdempotentWrites declares that writing the same disposition twice with the same key leaves one record, so that the
// host may repeat a write whose outcome is unknown. Declare it only if the CRM itself guarantees it.
func (d *Description) IdempotentWrites() *Description {
	d.Idempotent = true
	return d
}
