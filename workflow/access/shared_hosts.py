"""Hosts whose paths or subdomains belong to many parties, so that the host says nothing of a company. Data only."""

from typing import Final

_CODE: Final = """
    bitbucket.org codeberg.org codesandbox.io crates.io dockerhub.com gitea.com gitee.com github.com gitlab.com
    glitch.com glitch.me hub.docker.com huggingface.co launchpad.net npmjs.com nuget.org packagist.org pkg.go.dev
    pub.dev pypi.org repl.co replit.com rubygems.org sourceforge.io sourceforge.net sr.ht stackblitz.com
"""
_LINKS: Final = """
    about.me allmylinks.com beacons.ai beacons.page bento.me bio.link bio.site campsite.bio campsite.to card.co
    carrd.co contactinbio.com direct.me flow.page flowcode.com heylink.me hoo.be hopp.bio instabio.cc koji.to
    later.com lay.link linkin.bio linkpop.com linkr.bio linktr.ee lnk.bio lnk.to magic.ly many.link manylink.co
    milkshake.app msha.ke pop.bio popl.co snipfeed.co solo.to taplink.cc taplink.at tap.bio withkoji.com zaap.bio
"""
_SHORTENERS: Final = """
    1drv.ms bit.do bit.ly bitly.com buff.ly cutt.ly dub.sh forms.gle g.co goo.gl is.gd j.mp lnkd.in ow.ly qr.ae
    rb.gy rebrand.ly s.id shorturl.at t.co t.ly tiny.cc tinyurl.com v.gd
"""
_TEXTS: Final = """
    bearblog.dev blogger.com blogspot.com dev.to exblog.jp ghost.io habr.com hackernoon.com hashnode.com
    hashnode.dev hatenablog.com jugem.jp livejournal.com medium.com micro.blog mirror.xyz note.com notion.site
    notion.so over-blog.com paragraph.xyz posthaven.com qiita.com seesaa.net silvrback.com skyrock.com substack.com
    svbtle.com telegra.ph tumblr.com typepad.com vc.ru velog.io wordpress.com write.as zenn.dev
"""
_PEOPLE: Final = """
    behance.net bsky.app deviantart.com discord.com discord.gg dribbble.com facebook.com fb.com fb.me flickr.com
    imgur.com instagram.com kakao.com line.me linkedin.com m.me mastodon.social medium.com messenger.com ok.ru
    patreon.com pinterest.com quora.com reddit.com signal.group slack.com snapchat.com soundcloud.com spotify.com
    t.me telegram.me telegram.org threads.com threads.net tiktok.com twitch.tv twitter.com vimeo.com viber.com
    vk.com wa.me wechat.com weibo.com whatsapp.com x.com xing.com youtu.be youtube.com
"""
_SITE_BUILDERS: Final = """
    000webhostapp.com 1und1.site angelfire.com azurewebsites.net bigcartel.com bizland.com blogfree.net
    bravesites.com bubbleapps.io business.site canva.com canva.site cargo.site clickfunnels.com durable.co
    editorx.io epizy.com format.com framer.app framer.media framer.photos framer.site framer.website framer.wiki
    freeservers.com gamma.site glide.page glideapp.io godaddysites.com google.site groovepages.com helpscoutdocs.com
    hs-sites.com hubspotpagebuilder.com infinityfreeapp.com jimdo.com jimdofree.com jimdosite.com kajabi.com
    landen.co leadpages.co leadpages.net lovable.app mailchimpsites.com my-free.website mystrikingly.com
    neocities.org odoo.com pagecloud.com podia.com readymag.com rf.gd site123.me sitew.com softr.app squarespace.com
    strikingly.com super.site teachable.com thinkific.com tilda.ws tripod.com typedream.app umso.co
    unbouncepages.com ucraft.net voog.com wcomhost.com webflow.com webflow.io webnode.com webnode.page weebly.com
    weeblysite.com wix.com wixsite.com wixstudio.com yolasite.com zohosites.com zyrosite.com
"""
_DOCUMENTS: Final = """
    airtable.com box.com coda.io confluence.com docs.google.com docsend.com drive.google.com dropbox.com
    dropboxusercontent.com evernote.com figma.com forms.office.com freshdesk.com gitbook.com gitbook.io
    groups.google.com intercom.help issuu.com jotform.com maps.google.com mega.nz miro.com onedrive.live.com
    pitch.com quip.com readme.io readthedocs.io readthedocs.org scribd.com sharepoint.com sites.google.com
    slideshare.net storage.googleapis.com surveymonkey.com sway.office.com tally.so trello.com typeform.com
    wetransfer.com wikidot.com zendesk.com zoho.com
"""
_STORES: Final = """
    addons.mozilla.org amazon.com aliexpress.com alibaba.com apps.apple.com apps.microsoft.com apps.shopify.com
    appexchange.salesforce.com appsource.microsoft.com buymeacoffee.com chrome.google.com chromewebstore.google.com
    codecanyon.net ebay.com envato.com etsy.com gofundme.com gumroad.com indiegogo.com itunes.apple.com
    kickstarter.com ko-fi.com marketplace.atlassian.com marketplace.visualstudio.com microsoftedge.microsoft.com
    opencollective.com play.google.com sellfy.com square.site steampowered.com themeforest.net wordpress.org
"""
_DIRECTORIES: Final = """
    alternativeto.net angel.co apollo.io archive.is archive.org archive.ph bloomberg.com builtwith.com capterra.com
    clutch.co crunchbase.com f6s.com fiverr.com g.page g2.com getapp.com glassdoor.com goodfirms.co indeed.com
    owler.com pitchbook.com producthunt.com saashub.com sitejabber.com softwareadvice.com stackshare.io tracxn.com
    translate.goog translate.google.com trustpilot.com trustradius.com upwork.com wellfound.com wikipedia.org
    yelp.com ycombinator.com
"""
_TUNNELS: Final = """
    localhost.run loca.lt lhr.life ngrok.app ngrok.dev ngrok.io ngrok-free.app ngrok-free.dev pinggy.link serveo.net
    trycloudflare.com webhook.site
"""

SHARED_HOSTS: Final = frozenset(
    " ".join(
        (_CODE, _LINKS, _SHORTENERS, _TEXTS, _PEOPLE, _SITE_BUILDERS, _DOCUMENTS, _STORES, _DIRECTORIES, _TUNNELS)
    ).split()
)
"""Hosts that stand, with all names below them, for nobody. The private part of the public suffix list has more."""

_PAID: Final = """
    ae.org africa.com biz.dk br.com cn.com co.com co.dk co.nl co.no com.de com.se de.com eu.com firm.dk gb.net gr.com
    hu.net in.net it.com jp.net jpn.com mex.com radio.am radio.fm reg.dk ru.com sa.com se.net store.dk uk.com uk.net
    us.com us.org za.bz za.com
"""
PAID_SUFFIXES: Final = frozenset(_PAID.split())
"""Private suffixes whose names are sold as those of a country are: such a name is a company's own, and costs money."""
