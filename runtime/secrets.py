"""The key ring that encrypts stored secrets which must be read again. The first key encrypts, any key decrypts."""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr


class KeyRing:
    """A list of Fernet keys. Put a new key first, and keep the old ones until nothing that they encrypted is left."""

    def __init__(self, keys: Sequence[SecretStr]) -> None:
        self._keys = MultiFernet([Fernet(key.get_secret_value()) for key in keys])

    def seal(self, secret: str) -> str:
        """Returns `secret` encrypted, as text."""
        return self._keys.encrypt(secret.encode()).decode()

    def unseal(self, sealed: str) -> str:
        """Returns the secret in `sealed`. Raises ValueError when no key of the ring opens it."""
        try:
            return self._keys.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise ValueError("No key of the ring opens this secret; the key that sealed it was removed.") from None

    def rotate(self, sealed: str) -> str:
        """Returns the secret sealed again with the first key. Raises ValueError like `unseal`."""
        return self.seal(self.unseal(sealed))
