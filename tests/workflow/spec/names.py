"""Names of events that are used in public code, with what each is to the Spec."""

from collections.abc import Mapping
from typing import Final

SAME_WORDS: Final[Mapping[str, str]] = {
    "Account Added User": "Account User Added",
    "Account Created": "Create Account, Created Account",
    "Account Deleted": "Delete Account, Deleted Account",
    "Account Removed User": "Account User Removed",
    "Application Backgrounded": "App Backgrounded, Backgrounded App",
    "Application Crashed": "App Crashed, App Crash",
    "Application Foregrounded": "App Foregrounded",
    "Application Installed": "App Install, App Installed, Application Install, Installed App",
    "Application Opened": "App Open, App Opened, Opened App",
    "Application Uninstalled": "App Uninstalled, App Uninstall",
    "Application Updated": "App Update, App Updated, Updated App",
    "Cart Shared": "Share Cart",
    "Cart Viewed": "View Cart, Cart View",
    "Checkout Started": "Begin Checkout, Checkout Start, START_CHECKOUT, Started Checkout, Checkout Begun",
    "Checkout Step Completed": "Complete Checkout Step",
    "Checkout Step Viewed": "Checkout Step View, View Checkout Step",
    "Coupon Applied": "Apply Coupon",
    "Coupon Entered": "Enter Coupon",
    "Coupon Removed": "Remove Coupon",
    "Deep Link Clicked": "Clicked Deep Link, Deep Link Click, Deeplink Clicked",
    "Deep Link Opened": "Deep Link Open, Deeplink Opened, Opened Deep Link",
    "Email Bounced": "Bounced Email, Email Bounce",
    "Email Delivered": "Email Delivery",
    "Email Link Clicked": "Clicked Email Link, Email Link Click",
    "Email Marked as Spam": "Marked Email as Spam",
    "Email Opened": "Email Open, Opened Email, Open Email",
    "Experiment Viewed": "Viewed Experiment",
    "Install Attributed": "Attributed Install, Install Attribution",
    "Invite Sent": "Sent Invite",
    "Order Cancelled": "Order Canceled, Cancel Order, Canceled Order, Order Cancellation",
    "Order Completed": "order_complete",
    "Order Refunded": "Order Refund",
    "Order Updated": "Update Order",
    "Product Added": "Add Product, Product Add",
    "Product Clicked": "Click Product, Product Click",
    "Product List Viewed": "Product Category Viewed, Product List View",
    "Product Removed": "Remove Product",
    "Product Reviewed": "Product Review, Review Product",
    "Product Shared": "Product Share, Share Product",
    "Product Viewed": "View Product, Product View",
    "Products Searched": "Search Products, Searched Products",
    "Promotion Clicked": "Promotion Click",
    "Promotion Viewed": "View Promotion, Promotion View",
    "Trial Ended": "Trial End",
    "Trial Started": "Start Trial, Started Trial, Trial Begun, Trial Start",
    "Unsubscribed": "Unsubscribe",
    "Video Ad Completed": "Video Ad Complete",
    "Video Ad Started": "Video Ad Start",
}
"""Names that have the words of a name of the Spec, in another order or form, by that name."""

SYNONYMS: Final[Mapping[str, str]] = {
    "Application Installed": "Install, install, MOBILE_APP_INSTALL, First Open, Mobile App Installed",
    "Application Opened": "App Launched, fb_mobile_activate_app, Launch App",
    "Application Uninstalled": "app_remove, Uninstall",
    "Checkout Started": "INITIATE_PURCHASE, af_initiated_checkout, Proceeded to Checkout, Order Started",
    "Email Delivered": "Received Email",
    "Order Completed": "Purchase, PURCHASE, purchase, Order Placed, Placed Order, fb_mobile_purchase",
    "Product Added": "Add to Cart, add_to_cart, AddToCart, addToCart, addtocart, ADD_CART, Add to Bag",
    "Signed In": "Login, Log In, login_success, User Signed In",
    "Signed Up": "Signup, sign_up, CompleteRegistration, User Registered",
    "Video Playback Started": "Video Played, Video Started",
}
AMBIGUOUS: Final[Mapping[str, str]] = {
    "Account Created": "Workspace Created, Organization Created",
    "Application Opened": "session_start, Session Started",
    "Email Link Clicked": "Email Clicked",
    "Order Completed": "Buy, Order Confirmed, CompletePayment, order-created",
    "Products Searched": "Search, Search Performed",
    "Unsubscribed": "Email Unsubscribed",
}
OTHER_MEANING: Final = (
    "Link Clicked, Button Clicked, Form Submitted, SMS Delivered, Email Sent, Subscription Created, Account Updated, "
    "Cart Abandoned, Order Shipped, order_shipped, Video Ad Skipped, Gift Card Purchased, Push Notification Sent"
)
OTHER_SPELLING: Final[Mapping[str, str]] = {
    "Application Installed": "application installed, application_installed, APPLICATION-INSTALLED",
    "Order Completed": "order completed, order_completed, orderCompleted, OrderCompleted, ORDER_COMPLETED, "
    "ordercompleted, order.completed, Order  Completed, Order:Completed",
    "Product Added to Wishlist": "Product Added To Wishlist, product_added_to_wishlist",
    "Signed Up": "Signed up, signedUp",
}
LEGACY: Final[Mapping[str, str]] = {
    "Order Completed": "Completed Order, completed_order",
    "Product List Viewed": "Viewed Product Category",
    "Product Added": "Added Product",
}
CUSTOM: Final = (
    "Widget Opened, Purchase Order Sent, Installation Guide Read, Orders Completed Report, Order Completed Twice, "
    "Prepurchase, Bestellung abgeschlossen, 注文完了, Order Completed é, ✅, _, \u0421heckout Started"
)
"""The partners' own. The last begins with a Cyrillic letter."""


def names_in(line: str) -> list[str]:
    """Returns the names in a line of the tables above."""
    return line.split(", ")
