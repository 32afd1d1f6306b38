#!/bin/sh
# Makes the certificates of the hostile server anew, valid for 100 years. Each .pem holds a certificate and its key;
# the authority's key is thrown away. Needs openssl; run it in this folder.
set -eu
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$work/$1.key"; }

cat > "$work/ca.cnf" <<END
[ca]
default_ca = authority
[authority]
database = $work/index
serial = $work/serial
new_certs_dir = $work
certificate = $work/authority.crt
private_key = $work/authority.key
default_md = sha256
policy = anything
copy_extensions = copy
unique_subject = no
x509_extensions = leaf
[anything]
commonName = supplied
[leaf]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[req]
distinguished_name = subject
[subject]
END
: > "$work/index"
echo 01 > "$work/serial"

# authority: the only one the tests trust
new_key authority
openssl req -x509 -config "$work/ca.cnf" -key "$work/authority.key" -subj "/CN=Test authority" -days 36500 \
    -addext "basicConstraints=critical,CA:true" -addext "keyUsage=critical,keyCertSign" -addext "subjectKeyIdentifier=hash" \
    -out "$work/authority.crt"
cp "$work/authority.crt" authority.pem

# issue NAME HOST NOT_BEFORE NOT_AFTER
issue() {
    new_key "$1"
    openssl req -new -config "$work/ca.cnf" -key "$work/$1.key" -subj "/CN=$2" -addext "subjectAltName=DNS:$2" -out "$work/$1.csr"
    openssl ca -batch -notext -config "$work/ca.cnf" -in "$work/$1.csr" -startdate "$3" -enddate "$4" -out "$work/$1.crt"
    cat "$work/$1.crt" "$work/$1.key" > "$1.pem"
}
issue good partner.example 20200101000000Z 21200101000000Z
issue other_host elsewhere.example 20200101000000Z 21200101000000Z
issue expired partner.example 20200101000000Z 20200102000000Z

new_key self_signed
openssl req -x509 -config "$work/ca.cnf" -key "$work/self_signed.key" -subj "/CN=partner.example" -days 36500 \
    -addext "subjectAltName=DNS:partner.example" -out "$work/self_signed.crt"
cat "$work/self_signed.crt" "$work/self_signed.key" > self_signed.pem
