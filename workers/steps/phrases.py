"""The words of what stands in for a page: errors, walls, sign-in forms, parked domains, shells. Tables as data."""
# ruff: noqa: E501, RUF001

from typing import Final

from workers.steps.names import words_of


def phrases(text: str) -> frozenset[str]:
    """Returns the phrases of a table, one a line, folded as the words of a page are."""
    return frozenset(" ".join(words_of(line)) for line in text.strip().splitlines())


NOT_FOUND: Final = phrases("""
404
410 gone
not found
doesn't exist
doesnt exist
does not exist
do not exist
don't exist
cannot be found
can't be found
could not be found
couldn't be found
could not find
couldn't find
cannot find
can't find
can not find
wasn't found
was not found
no longer exists
no longer available
no longer here
isn't available
is not available
isn't here
is not here
nothing here
nothing was found
nothing found
page missing
missing page
page is missing
page is gone
page has gone
been deleted
been removed
no such page
broken link
lost page
page unavailable
wrong page
""")
FILLING: Final = frozenset(word for phrase in NOT_FOUND for word in phrase.split()) | frozenset(
    words_of("""
    oops ooops uh oh whoops sorry error errors code http status page pages the this that a an you your you're re are is
    was were we we're ve i it it's s t has have had been be for looking look trying tried try to requested request link
    url address site website web document resource content article post here there moved deleted removed renamed or and
    of on in at by our us can cannot could couldn't not found find exist exists doesn't does don't do know no longer
    available unavailable isn't aren't looks look like seems seem appears lost nothing such missing gone broken hmm yikes
    ah apologies unfortunately back home go let get anymore any more may might temporarily houston problem went wrong
    something but from reached dead end that's all where thing think so what were
""")
)
NOT_FOUND_ELSEWHERE: Final = phrases("""
seite nicht gefunden
seite wurde nicht gefunden
seite existiert nicht
seite konnte nicht gefunden werden
page introuvable
page non trouvée
cette page n'existe pas
page n'existe plus
página no encontrada
no se encontró la página
no se ha encontrado la página
la página no existe
página não encontrada
página não existe
pagina non trovata
pagina niet gevonden
страница не найдена
сторінку не знайдено
sidan kunde inte hittas
sidan hittades inte
siden blev ikke fundet
siden ble ikke funnet
sivua ei löytynyt
nie znaleziono strony
strona nie została znaleziona
stránka nenalezena
sayfa bulunamadı
pagina nu a fost găsită
az oldal nem található
ページが見つかりません
ページは見つかりません
お探しのページ
页面未找到
找不到页面
页面不存在
找不到頁面
頁面不存在
페이지를 찾을 수 없
الصفحة غير موجودة
הדף לא נמצא
trang không tồn tại
halaman tidak ditemukan
""")
NOT_FOUND_CLASSES: Final = frozenset({"error404", "error-404", "page-404", "not-found", "page-not-found", "error_404"})
NOT_FOUND_PATHS: Final = frozenset(
    {"404", "not-found", "notfound", "page-not-found", "pagenotfound", "error404", "error"}
)
SIGN_IN: Final = phrases("""
sign in
sign into
signin
log in
log into
login
logon
log on
logged in
signed in
single sign on
sso
authentication required
authorization required
not authorized
permission to
members only
private page
enter password
enter your password
password protected
restricted area
access required
""")
SIGN_IN_FILLING: Final = frozenset(word for phrase in SIGN_IN for word in phrase.split()) | frozenset(
    words_of("""
    to your our the a an account accounts please with continue welcome back and or up sign register create forgot
    password enter email e mail address username user use using you you're you'll must be need in page access this that is
    view portal customer partner member admin dashboard workspace organization team here for have do don't t first click
    logged signed google microsoft github apple sso saml okta it content see required protected before can of area help center docs
    documentation portal app apps
""")
)
SIGN_IN_DEMANDS: Final = phrases("""
must be logged in
must be signed in
need to be logged in
need to log in
need to sign in
have to log in
please log in
please sign in
please login
log in to view
sign in to view
log in to continue
sign in to continue
log in to access
sign in to access
log in to see
sign in to see
permission to view
permission to access
not authorized
authentication required
members only
password protected
""")
SIGN_IN_ELSEWHERE: Final = phrases("""
bitte anmelden
bitte einloggen
melden sie sich an
connectez vous
se connecter
identifiez vous
iniciar sesión
inicia sesión
fazer login
iniciar sessão
effettua l'accesso
accedi al tuo account
inloggen
войдите
вход в систему
zaloguj się
logga in
log ind
giriş yap
přihlásit se
ログインしてください
ログイン画面
サインイン
请登录
請登入
로그인
""")
SIGN_IN_PATHS: Final = frozenset(
    {"login", "log-in", "signin", "sign-in", "sign_in", "sso", "logon", "wp-login.php", "saml", "oauth2", "login.php"}
)
SIGN_IN_HOSTS: Final = frozenset({"login", "accounts", "sso", "signin", "auth", "idp", "id"})
WALLS: Final = phrases("""
just a moment
attention required
access denied
access to this page has been denied
access to this page is forbidden
are you a robot
are you human
are you a human
verify you are human
verify that you are human
please verify you are a human
verifying you are human
human verification
bot verification
security check
security verification
security checkpoint
vercel security checkpoint
checking your browser
checking your browser before accessing
checking if the site connection is secure
pardon our interruption
please wait
one moment please
making sure you're not a bot
ddos protection by cloudflare
ddos guard
robot check
captcha
client challenge
validating your browser
request rejected
request blocked
the request is blocked
forbidden
403 forbidden
403
you have been blocked
sorry, you have been blocked
you are being rate limited
too many requests
unusual traffic
press & hold to confirm you are a human
enable javascript and cookies to continue
please enable javascript and cookies to continue
not available in your country
unavailable for legal reasons
""")
BROKEN: Final = phrases("""
internal server error
500 internal server error
500
server error
service unavailable
503 service unavailable
service temporarily unavailable
bad gateway
502 bad gateway
gateway timeout
gateway time-out
504 gateway timeout
application error
something went wrong
an error occurred
an error has occurred
oops something went wrong
error establishing a database connection
under maintenance
maintenance
maintenance mode
site maintenance
site under maintenance
down for maintenance
we are down for maintenance
scheduled maintenance
we'll be back soon
we will be back soon
be right back
temporarily unavailable
site is undergoing maintenance
coming soon
under construction
site under construction
website coming soon
account suspended
this account has been suspended
site not published
website expired
this site can't be reached
welcome to nginx
it works
apache2 default page
apache2 ubuntu default page
apache2 debian default page
iis windows server
default web site page
index of
hello world
wartungsarbeiten
wartungsmodus
en construction
en mantenimiento
site en maintenance
メンテナンス中
网站维护中
""")
PARKED: Final = phrases("""
domain is for sale
domain name is for sale
domain may be for sale
domain for sale
buy this domain
this domain is parked
domain is parked
domain parked
parked domain
parked free
parked page
domain has expired
domain name has expired
this domain has been registered
domain has recently been registered
domain is available for sale
domain is registered
make an offer on this domain
inquire about this domain
future home of something quite cool
diese domain steht zum verkauf
ce domaine est à vendre
este dominio está en venta
""")
PARKING_HOSTS: Final = (
    *(
        "sedoparking.com",
        "parkingcrew.net",
        "bodis.com",
        "parklogic.com",
        "cashparking",
        "d38psrni17bvxu.cloudfront.net",
    ),
    *("hugedomains.com", "afternic.com/forsale", "dan.com/buy-domain", "above.com/marketplace", "voodoo.com/park"),
    *("parking-lander", "parkingpage.namecheap.com", "domainmarket.com", "skenzo.com", "img1.wsimg.com/parking"),
)
SCRIPTS_ASKED_FOR: Final = phrases("""
enable javascript
enable java script
enabled javascript
javascript enabled
javascript to be enabled
javascript to run
javascript is required
requires javascript
require javascript
need javascript
needs javascript
javascript is disabled
javascript disabled
javascript seems to be disabled
javascript must be enabled
javascript ist deaktiviert
javascript aktivieren
aktivieren sie javascript
activer javascript
active javascript
habilite javascript
habilitar javascript
activa javascript
abilita javascript
ative o javascript
включите javascript
javascriptを有効にして
启用 javascript
""")
LOADING: Final = frozenset(
    {("loading",), ("loading", "please", "wait"), ("please", "wait"), ("lädt",), ("chargement",)}
)
SCRIPTED_REDIRECTS: Final = (
    "location.replace(",
    "location.href",
    "location.assign(",
    "window.location",
    "top.location",
)
